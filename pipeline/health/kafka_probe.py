"""Is Kafka ready? Produce a record to a topic of the probe's own and read it back."""

from __future__ import annotations

import time

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, Producer, TopicPartition

# Documented under this name, though the package's type information forgets to export it.
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]

from pipeline.errors import ServiceError
from pipeline.events.catalog import TOPICS
from pipeline.kafka.clients import SILENT, ClientConfig, TellingAdmin, client_config
from pipeline.settings import Settings

TOPIC = "coinlake_probe"
TOPIC_CONFIG = {"retention.ms": "600000", "segment.bytes": "1048576"}
ANSWER_S = 5.0  # how long one operation may take


def round_trip(settings: Settings) -> None:
    """Produce a record and read it back; raise `ServiceError` with the reason when that fails."""
    client = client_config(settings)
    try:
        _make_topic(client)
        payload = str(time.time_ns()).encode()
        found = _read(client, _produce(client, payload))
    except KafkaException as error:
        raise ServiceError(f"{settings.kafka.bootstrap}: {_reason(error)}") from None
    if found != payload:
        raise ServiceError(f"{settings.kafka.bootstrap}: gave back {found!r} for {payload!r}")


def topics(settings: Settings) -> None:
    """Look whether all of Coinlake's topics are there; raise `ServiceError` naming the missing ones."""
    admin = TellingAdmin(client_config(settings))
    try:
        there = admin.list_topics(timeout=ANSWER_S).topics
    except KafkaException as error:
        raise ServiceError(f"{settings.kafka.bootstrap}: {admin.reason(error)}") from None
    missing = [topic.name for topic in TOPICS if topic.name not in there]
    if missing:
        raise ServiceError(f"{settings.kafka.bootstrap} has no topic {', '.join(missing)}: run setup_events.sh")


def _make_topic(client: ClientConfig) -> None:
    admin = AdminClient(client, logger=SILENT)
    if TOPIC in admin.list_topics(timeout=ANSWER_S).topics:
        return
    topic = NewTopic(TOPIC, num_partitions=1, config=TOPIC_CONFIG)
    try:
        admin.create_topics([topic], operation_timeout=ANSWER_S, request_timeout=ANSWER_S)[TOPIC].result()
    except KafkaException as error:
        if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:  # another probe was quicker
            raise


def _produce(client: ClientConfig, payload: bytes) -> int:
    """Return the offset of the record."""
    delivered: list[int] = []

    def on_delivery(error: KafkaError | None, message: Message) -> None:
        if error is None:
            delivered.append(message.offset() or 0)

    producer = Producer({**client, "acks": "all", "linger.ms": 0, "message.timeout.ms": 5000}, logger=SILENT)
    producer.produce(TOPIC, payload, on_delivery=on_delivery)
    producer.flush(ANSWER_S)
    if not delivered:
        raise ServiceError(f"{client['bootstrap.servers']}: took no record within {ANSWER_S:g} s")
    return delivered[0]


def _read(client: ClientConfig, offset: int) -> bytes | None:
    consumer = Consumer({**client, "group.id": TOPIC, "enable.auto.commit": False}, logger=SILENT)
    try:
        consumer.assign([TopicPartition(TOPIC, 0, offset)])
        message = consumer.poll(ANSWER_S)
        value = message.value() if message is not None and message.error() is None else None
    finally:
        consumer.close()
    return value if isinstance(value, bytes) else None


def _reason(error: KafkaException) -> str:
    return str(error.args[0].str())
