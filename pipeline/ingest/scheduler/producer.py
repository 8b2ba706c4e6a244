"""Events into Kafka: published means acknowledged by the broker, or an error."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from pipeline.errors import EventTooLargeError, ServiceError
from pipeline.events.candles import BITCOIN_DATA, CandleEvent
from pipeline.events.coin_prices import COIN_EVENTS, PriceEvent
from pipeline.events.model import Topic
from pipeline.events.raw import DEAD_LETTERS, MAX_EVENT_BYTES, TOPIC_CONFIG, DeadLetter
from pipeline.ingest.records import Record
from pipeline.ingest.scheduler.metrics import Metrics
from pipeline.ingest.sources.base import Item
from pipeline.kafka.clients import ClientConfig, client_logger

log = logging.getLogger(__name__)

DELIVERY_TIMEOUT_S = 30.0  # a broker that is restarted is back within ten
GRACE_S = 5.0  # librdkafka reports its own time-out first
SOURCE = "source"
TURN_S = 0.05  # how long one wait for acknowledgements lasts before we look again

Sendable = Item | CandleEvent


@dataclass(frozen=True)
class Published:
    """How many records Kafka has acknowledged."""

    events: int = 0
    dead_letters: int = 0


class _Delivery:
    """The acknowledgements of one `publish` call; the producer is shared by threads, so each call counts its own."""

    def __init__(self, metrics: Metrics) -> None:
        self._lock = threading.Lock()
        self._metrics = metrics
        self._acknowledged = dict.fromkeys((COIN_EVENTS.name, BITCOIN_DATA.name, DEAD_LETTERS.name), 0)
        self.outstanding = 0
        self.error: KafkaError | None = None

    def send(self, producer: Producer, record: Record) -> None:
        def on_delivery(error: KafkaError | None, _message: Message) -> None:
            with self._lock:
                self.outstanding -= 1
                self.error = self.error or error
                if error is None:
                    self._acknowledged[record.topic] += 1
            if error is None:
                self._metrics.published.labels(record.topic, dict(record.headers)[SOURCE].decode()).inc()

        producer.produce(record.topic, value=record.value, key=record.key, on_delivery=on_delivery)
        with self._lock:
            self.outstanding += 1

    def result(self) -> Published:
        events = self._acknowledged[COIN_EVENTS.name] + self._acknowledged[BITCOIN_DATA.name]
        return Published(events, self._acknowledged[DEAD_LETTERS.name])


class EventProducer:
    """Publishes to `coin_events`, `bitcoin_data` and `dead_letters`; may be shared by threads."""

    def __init__(self, kafka: ClientConfig, metrics: Metrics, delivery_timeout_s: float = DELIVERY_TIMEOUT_S) -> None:
        self._metrics = metrics
        self._timeout_s = delivery_timeout_s
        self._config = {
            **kafka,
            "client.id": "coinlake-scheduler",
            "enable.idempotence": True,
            "acks": "all",
            "delivery.timeout.ms": int(delivery_timeout_s * 1000),
            "message.max.bytes": int(TOPIC_CONFIG["max.message.bytes"]),
            "partitioner": "murmur2_random",  # a coin's partition is the one that Java clients would choose
            "allow.auto.create.topics": False,  # topics are made by setup_events.sh, with our settings
            "log.connection.close": False,
            "logger": client_logger(),
        }
        self._producer = Producer(self._config)

    def publish(self, items: Iterable[Sendable]) -> Published:
        """Send the items and return once the broker has acknowledged them all.

        An event larger than the topic takes goes to `dead_letters` instead, with the reason.

        Raises:
            ServiceError: Kafka did not acknowledge some of them within the delivery time-out; those may be missing.
        """
        return self.publish_records(map(record_of, items))

    def publish_records(self, records: Iterable[Record]) -> Published:
        """Send what `record_of` made; otherwise as `publish`."""
        producer, delivery = self._producer, _Delivery(self._metrics)
        deadline = time.monotonic() + self._timeout_s + GRACE_S
        for record in records:
            self._send(producer, delivery, record, deadline)
        while delivery.outstanding and time.monotonic() < deadline:
            producer.poll(TURN_S)
        if delivery.error is not None or delivery.outstanding:
            self._fail(delivery)
        return delivery.result()

    def close(self, timeout_s: float) -> None:
        """Wait up to `timeout_s` for what is under way."""
        left = self._producer.flush(timeout_s)
        if left:
            log.warning("stopped with %d records that Kafka has not acknowledged", left)

    def _send(self, producer: Producer, delivery: _Delivery, record: Record, deadline: float) -> None:
        while True:
            try:
                delivery.send(producer, record)
            except BufferError:  # the queue is full: let the broker catch up
                if time.monotonic() > deadline:
                    raise ServiceError(f"Kafka took nothing for {self._timeout_s:g} s: the queue is full") from None
                producer.poll(TURN_S)
            except KafkaException as error:
                self._renew(error.args[0])
                raise ServiceError(f"Kafka's client refuses what is published: {error.args[0].str()}") from error
            else:
                producer.poll(0)
                return

    def _fail(self, delivery: _Delivery) -> None:
        error = delivery.error
        self._renew(error)
        reason = "no answer" if error is None else error.str()
        raise ServiceError(f"Kafka at {self._config['bootstrap.servers']} did not acknowledge what was sent: {reason}")

    def _renew(self, error: KafkaError | None) -> None:
        """Start afresh after a fatal error: an idempotent producer that lost its place refuses all that follows."""
        if error is not None and (error.fatal() or error.code() == KafkaError._FATAL):  # noqa: SLF001 - its public name
            self._producer = Producer(self._config)


def record_of(item: Sendable) -> Record:
    """Return what is sent for an item; its only header, the source, stays here: the payload says it, too."""
    try:
        return _fitting(item)
    except EventTooLargeError as error:
        log.error("%s; it goes to %s", error, DEAD_LETTERS.name)
        return _fitting(DeadLetter(_source(item), str(error), item.to_json().decode()))


def _fitting(item: Sendable) -> Record:
    value = item.to_json()
    topic, key = _destination(item)
    if len(value) > MAX_EVENT_BYTES:
        raise EventTooLargeError(topic.name, len(value))
    return Record(value, None if key is None else key.encode(), [(SOURCE, _source(item).encode())], topic.name)


def _destination(item: Sendable) -> tuple[Topic, str | None]:
    """Return the topic of an item, and its key."""
    if isinstance(item, PriceEvent):
        return COIN_EVENTS, item.coin
    return (BITCOIN_DATA, item.product_id) if isinstance(item, CandleEvent) else (DEAD_LETTERS, None)


def _source(item: Sendable) -> str:
    return item.origin.partition(":")[0] if isinstance(item, DeadLetter) else item.source
