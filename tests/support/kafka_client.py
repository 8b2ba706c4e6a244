"""Stands where confluent-kafka's producer stands, and does what a test wants of Kafka."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from confluent_kafka import KafkaError, KafkaException

Headers = list[tuple[str, bytes]]


class Sent(NamedTuple):
    """A record that Kafka has."""

    topic: str
    key: bytes | None
    value: bytes
    headers: Headers


class FakeMessage:
    """What a delivery report says about its record."""

    def __init__(self, sent: Sent) -> None:
        self._sent = sent

    def topic(self) -> str:
        return self._sent.topic

    def key(self) -> bytes | None:
        return self._sent.key

    def value(self) -> bytes:
        return self._sent.value

    def headers(self) -> None:
        """Have none: the real client's delivery reports come without them."""


class FakeKafka:
    """A broker and its clients: `up` or not, with room for so many records in a client's queue."""

    def __init__(self, room: int = 10**6) -> None:
        self.up, self.room = True, room
        self.log: list[Sent] = []
        self.clients: list[FakeClient] = []
        self.refusal: KafkaError | None = None  # raised by produce
        self.failure: KafkaError | None = None  # given as each delivery report

    def connect(self) -> Any:
        self.clients.append(FakeClient(self))
        return self.clients[-1]

    @property
    def values(self) -> list[bytes]:
        return [sent.value for sent in self.log]


class FakeClient:
    """Its queue reaches the broker when it is polled."""

    def __init__(self, kafka: FakeKafka) -> None:
        self._kafka = kafka
        self._queue: list[tuple[Sent, Callable[..., None]]] = []

    def __len__(self) -> int:
        return len(self._queue)

    def produce(
        self, topic: str, value: bytes, key: bytes | None, *, on_delivery: Callable[..., None], headers: Headers
    ) -> None:
        if self._kafka.refusal is not None:
            raise KafkaException(self._kafka.refusal)
        if len(self._queue) >= self._kafka.room:
            raise BufferError
        self._queue.append((Sent(topic, key, value, headers), on_delivery))

    def poll(self, timeout: float) -> None:
        if not self._kafka.up:
            return
        error = self._kafka.failure
        for sent, on_delivery in self._take():
            if error is None:
                self._kafka.log.append(sent)
            on_delivery(error, FakeMessage(sent))

    def purge(self) -> None:
        error = KafkaError(KafkaError._PURGE_QUEUE)
        for sent, on_delivery in self._take():
            on_delivery(error, FakeMessage(sent))

    def flush(self, timeout: float) -> int:
        return len(self._queue)

    def _take(self) -> list[tuple[Sent, Callable[..., None]]]:
        taken, self._queue = self._queue, []
        return taken
