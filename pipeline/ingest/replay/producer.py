"""Sends blocks of records and tells when Kafka has all of them; one that is away is waited for."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from pipeline.errors import ServiceError
from pipeline.events.raw import TOPIC_CONFIG
from pipeline.kafka.clients import ClientConfig, client_logger

TURN_S = 0.2
QUEUE_RECORDS = 200_000  # of 190 bytes, beside the block that is being made
QUEUE_KB = 128 * 1024


class BlockProducer:
    """An idempotent producer without a report for each record: only failures are reported, and the queue's end."""

    def __init__(self, kafka: ClientConfig) -> None:
        self._bootstrap = kafka["bootstrap.servers"]
        self._producer = Producer(
            {
                "client.id": "coinlake-replay",
                "enable.idempotence": True,
                "acks": "all",
                "delivery.timeout.ms": 0,  # for as long as it takes
                "delivery.report.only.error": True,
                "linger.ms": 20,
                "batch.num.messages": 20_000,
                "queue.buffering.max.messages": QUEUE_RECORDS,
                "queue.buffering.max.kbytes": QUEUE_KB,
                "message.max.bytes": int(TOPIC_CONFIG["max.message.bytes"]),
                "partitioner": "murmur2_random",
                "allow.auto.create.topics": False,  # topics are made by setup_events.sh, with our settings
                "log.connection.close": False,
                "logger": client_logger(),
                "error_cb": self._note,
                **kafka,
            }
        )
        self._failure: KafkaError | None = None

    def send(self, topic: str, values: Sequence[bytes], key: bytes | None) -> None:
        """Queue the records; wait while the queue is full.

        Raises:
            ServiceError: Kafka refuses them for good, so that waiting would not help.
        """
        produce, on_delivery = self._producer.produce, self._on_delivery
        for value in values:
            while True:
                try:
                    produce(topic, value, key, on_delivery=on_delivery)
                    break
                except BufferError:
                    self._turn()
                except KafkaException as error:
                    raise self._refused(error.args[0]) from error

    def settle(self, waiting: Callable[[float], None], limit_s: float = float("inf")) -> bool:
        """Return once Kafka has everything, or False after `limit_s`; `waiting` is told the seconds meanwhile.

        Raises:
            ServiceError: Kafka refuses something for good.
        """
        start = time.monotonic()
        while self._producer.flush(TURN_S):
            self._check()
            waited = time.monotonic() - start
            if waited > limit_s:
                return False
            waiting(waited)
        self._check()
        return True

    def _turn(self) -> None:
        self._producer.poll(TURN_S)
        self._check()

    def _on_delivery(self, error: KafkaError | None, _message: Message) -> None:
        self._failure = self._failure or error

    def _note(self, error: KafkaError) -> None:
        if error.fatal():
            self._failure = self._failure or error

    def _check(self) -> None:
        if self._failure is not None:
            raise self._refused(self._failure)

    def _refused(self, error: KafkaError) -> ServiceError:
        return ServiceError(f"Kafka at {self._bootstrap} refuses what is replayed: {error.str()}")
