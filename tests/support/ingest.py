"""Stand-ins at the scheduler's two borders: a market that answers as told, and a Kafka that remembers."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from pipeline.errors import ServiceError
from pipeline.events.coin_prices import COIN_EVENTS, PriceEvent
from pipeline.events.raw import DeadLetter
from pipeline.ingest.records import Record
from pipeline.ingest.scheduler.producer import Published
from pipeline.ingest.sources.base import Item, TimeRange

DAY = timedelta(days=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def price(coin: str, day: date, source: str = "fake", hour: int = 0) -> PriceEvent:
    """Return one observation of a coin at an hour of a day."""
    moment = datetime.combine(day, time(hour), tzinfo=UTC)
    return PriceEvent(coin, moment, Decimal("1.5"), None, Decimal(0), source)


@dataclass
class FakeSource:
    """A source that has certain days; `faults` are raised, one a call, after `gives` items of that call."""

    name: str
    has: set[date]
    faults: list[Exception | None] = field(default_factory=list)
    gives: int = 0
    reach: date | None = None  # raise `too_far` for spans that start before it
    too_far: Exception | None = None
    asked: list[TimeRange] = field(default_factory=list)

    def history(self, coin: str, span: TimeRange) -> Iterator[Item]:
        self.asked.append(span)
        if self.too_far is not None and self.reach is not None and span.start.date() < self.reach:
            raise self.too_far
        fault = self.faults.pop(0) if self.faults else None
        return self._items(coin, span, fault)

    def _items(self, coin: str, span: TimeRange, fault: Exception | None) -> Iterator[Item]:
        days = sorted(day for day in self.has if span.start.date() <= day < span.end.date())
        for count, day in enumerate(days):
            if fault is not None and count >= self.gives:
                break
            yield price(coin, day, self.name)
        if fault is not None:
            raise fault


def item_of(record: Record) -> Item:
    """Return what a record was made from."""
    body = json.loads(record.value)
    if record.topic != COIN_EVENTS.name:
        return DeadLetter(**body)
    moment = EPOCH + timedelta(milliseconds=body["event_time"])
    cap, volume = (None if body[name] is None else Decimal(body[name]) for name in ("market_cap_usd", "volume_usd"))
    return PriceEvent(body["coin"], moment, Decimal(body["price_usd"]), cap, volume, body["source"])


@dataclass
class FakeKafka:
    """Remembers what was published; stops taking anything after `takes` batches."""

    takes: int | None = None
    items: list[Item] = field(default_factory=list)

    def publish(self, items: Iterable[Item]) -> Published:
        if self.takes is not None:
            if self.takes == 0:
                raise ServiceError("Kafka did not acknowledge")
            self.takes -= 1
        batch = list(items)
        self.items += batch
        events = sum(isinstance(item, PriceEvent) for item in batch)
        return Published(events, len(batch) - events)

    def publish_records(self, records: Iterable[Record]) -> Published:
        return self.publish([item_of(record) for record in records])

    def days(self) -> list[tuple[date, str]]:
        """Return day and source of each event, in the order published."""
        return [(item.event_time.date(), item.source) for item in self.items if isinstance(item, PriceEvent)]
