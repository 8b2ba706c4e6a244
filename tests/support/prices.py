"""Price events that a test can tell from all others, by a source of its own."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import cycle

from confluent_kafka import Producer

from pipeline.events.coin_prices import COIN_EVENTS, PriceEvent

Key = tuple[str, str, str]  # coin, event_time as Presto writes it, source


def price_event(source: str, moment: datetime, coin: str = "bitcoin", price: str = "67890.12") -> PriceEvent:
    """Return an event of the given source."""
    return PriceEvent(coin, moment, Decimal(price), Decimal("1340000000000"), None, source)


def record(event: PriceEvent) -> tuple[bytes, bytes]:
    """Return key and value as they go to Kafka."""
    return event.coin.encode(), event.to_json()


def key_of(event: PriceEvent) -> Key:
    """Return the event's business key, the time as Presto writes it."""
    return event.coin, event.event_time.strftime("%Y-%m-%d %H:%M:%S.%f")[:-3], event.source


@dataclass
class Feed:
    """Produces events at a steady rate from a thread, and keeps the key of each one that it was given to Kafka.

    Each event has a time of its own: a minute of the past for each, so that no two share a key.
    """

    bootstrap: str
    source: str
    coins: tuple[str, ...]
    per_second: int = 50

    def __post_init__(self) -> None:
        self.produced: list[PriceEvent] = []
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"feed {self.source}")

    def __enter__(self) -> Feed:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def stop(self) -> set[Key]:
        """End the feed; return the keys of all events once Kafka has acknowledged every one."""
        self._stop.set()
        self._thread.join()
        assert self.unacknowledged == 0, f"{self.unacknowledged} events of {self.source} never reached Kafka"
        return {key_of(event) for event in self.produced}

    def _events(self) -> Iterator[PriceEvent]:
        start = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(days=30)
        for number, coin in enumerate(cycle(self.coins)):
            yield price_event(self.source, start + timedelta(minutes=number), coin, f"{number}.5" if number else "0.5")

    def _run(self) -> None:
        # Idempotent: a retry after the broker's death must not be what makes a row appear twice.
        config = {"bootstrap.servers": self.bootstrap, "enable.idempotence": True, "delivery.timeout.ms": 300_000}
        producer = Producer(config)
        for event in self._events():
            if self._stop.wait(1 / self.per_second):
                break
            key, value = record(event)
            producer.produce(COIN_EVENTS.name, value=value, key=key)
            producer.poll(0)
            self.produced.append(event)
        self.unacknowledged = producer.flush(300)
