"""Collected candles: each closed minute once, through outages of the exchange, of Kafka and of the scheduler."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from pipeline.errors import RetryableSourceError, ServiceError
from pipeline.events.candles import CandleEvent
from pipeline.events.raw import DeadLetter
from pipeline.ingest.scheduler.candle_collector import (
    CandleCollector,
    SentCandles,
    candle_products,
    open_market,
)
from pipeline.ingest.scheduler.spooled_publisher import SpooledError
from pipeline.ingest.scheduler.store import open_store
from pipeline.ingest.sources.base import TimeRange
from pipeline.ingest.sources.coinbase_minutes import MINUTE, PAGE, CoinbaseMinutes
from pipeline.markets import LIVE, SIMULATOR
from pipeline.run_files import Choice
from pipeline.settings import load_settings
from tests.support.market import Market, reply

NOW = datetime(2026, 1, 13, 12, 0, 5, tzinfo=UTC)
PRODUCT = "BTC-USD"


class Exchange:
    """Has a candle for every minute, but for those in `quiet`; its price is `price`."""

    source = "coinbase_candles"

    def __init__(self) -> None:
        self.asked: list[TimeRange] = []
        self.price = 1
        self.quiet: set[datetime] = set()
        self.is_down = False

    def page(self, product: str, span: TimeRange) -> list[CandleEvent | DeadLetter]:
        if self.is_down:
            raise RetryableSourceError("coinbase_candles", "503")
        assert timedelta() < span.end - span.start <= PAGE
        self.asked.append(span)
        count = (span.end - span.start) // MINUTE
        minutes = [span.start + n * MINUTE for n in range(count)]
        return [self.candle(product, minute) for minute in minutes if minute not in self.quiet]

    def candle(self, product: str, minute: datetime) -> CandleEvent:
        price = Decimal(self.price)
        return CandleEvent(self.source, product, minute, price, price, price, price, Decimal(1), is_filled=False)


class Kafka:
    """Takes candles, or fails as it is told."""

    def __init__(self) -> None:
        self.got: list[CandleEvent] = []
        self.error: ServiceError | None = None

    def publish(self, items: Iterable[Any]) -> None:
        if self.error is not None and not isinstance(self.error, SpooledError):
            raise self.error
        self.got += items
        if self.error is not None:
            raise self.error


class Lake:
    def __init__(self, tmp_path: Path) -> None:
        self.exchange, self.kafka, self.now = Exchange(), Kafka(), NOW
        self.sent = SentCandles(open_store(tmp_path / "ledger.db"))
        self.start()

    def start(self) -> None:
        """Start a new process."""
        exchange: Any = self.exchange
        self.collector = CandleCollector(exchange, (PRODUCT,), self.kafka, self.sent, lambda: self.now)

    def minutes(self) -> list[datetime]:
        return [candle.minute for candle in self.kafka.got]

    def pass_time(self, minutes: int) -> None:
        self.now += minutes * MINUTE


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return Lake(tmp_path)


def every(first: datetime, end: datetime) -> list[datetime]:
    return [first + n * MINUTE for n in range((end - first) // MINUTE)]


CLOSED = NOW.replace(second=0)
DAY_BEFORE = CLOSED - timedelta(days=1)


def test_the_first_time_the_last_day_is_fetched_up_to_the_last_closed_minute(lake: Lake) -> None:
    lake.collector.tick()
    assert lake.minutes() == every(DAY_BEFORE, CLOSED)


def test_then_each_minute_is_sent_once(lake: Lake) -> None:
    for _ in range(8):
        lake.collector.tick()
        lake.pass_time(1)
    assert lake.minutes() == every(DAY_BEFORE, CLOSED + 7 * MINUTE)


def test_a_candle_that_is_corrected_or_late_is_sent(lake: Lake) -> None:
    lake.exchange.quiet = {CLOSED - MINUTE}
    lake.collector.tick()
    lake.exchange.quiet, lake.exchange.price = set(), 2
    before = len(lake.kafka.got)
    lake.collector.tick()
    assert [(one.minute, one.close) for one in lake.kafka.got[before:]] == [
        (minute, Decimal(2)) for minute in every(CLOSED - 5 * MINUTE, CLOSED)
    ]


@pytest.mark.parametrize("minutes", [7, 700, 5000])
def test_it_catches_up_after_the_exchange_was_away(lake: Lake, minutes: int) -> None:
    lake.collector.tick()
    lake.exchange.is_down = True
    lake.pass_time(minutes)
    lake.collector.tick()
    lake.exchange.is_down = False
    for _ in range(3):
        lake.collector.tick()
    assert lake.minutes() == every(DAY_BEFORE, CLOSED + minutes * MINUTE)


def test_what_waits_on_disk_is_not_fetched_again(lake: Lake) -> None:
    lake.kafka.error = SpooledError(1, "Kafka is away")
    lake.collector.tick()
    lake.pass_time(1)
    lake.collector.tick()
    assert lake.minutes() == every(DAY_BEFORE, CLOSED + MINUTE)


def test_what_found_no_room_on_disk_is_fetched_again(lake: Lake) -> None:
    lake.kafka.error = ServiceError("the spool is full")
    lake.collector.tick()
    lake.kafka.error = None
    lake.pass_time(1)
    lake.collector.tick()
    assert lake.minutes() == every(DAY_BEFORE + MINUTE, CLOSED + MINUTE)


def test_a_restart_sends_a_few_again_and_leaves_none_out(lake: Lake) -> None:
    lake.collector.tick()
    lake.start()
    lake.pass_time(30)
    lake.collector.tick()
    assert lake.minutes() == every(DAY_BEFORE, CLOSED) + every(CLOSED - 5 * MINUTE, CLOSED + 30 * MINUTE)


def test_after_a_very_long_outage_the_last_month_is_fetched(lake: Lake) -> None:
    lake.collector.tick()
    before = len(lake.kafka.got)
    lake.pass_time(100 * 24 * 60)
    lake.collector.tick()
    assert lake.minutes()[before] == CLOSED + timedelta(days=70)


def settings(**variables: str) -> Any:
    return load_settings({"COINLAKE_HOME": "/nonexistent", **variables})


@pytest.mark.parametrize(
    ("variables", "products"),
    [
        ({}, ()),
        ({"COINLAKE_SERVING": "true"}, ("BTC-USD",)),
        ({"COINLAKE_SERVING": "true", "COINBASE_PRODUCTS": "ETH-USD"}, ()),
        ({"COINBASE_CANDLE_PRODUCTS": "BTC-EUR,BTC-USD"}, ("BTC-EUR", "BTC-USD")),
    ],
)
def test_bitcoins_candles_are_collected_where_gold_is_served(
    variables: dict[str, str], products: tuple[str, ...]
) -> None:
    assert candle_products(settings(**variables)) == products


@pytest.mark.parametrize(("kind", "source"), [(SIMULATOR, "simulator"), (LIVE, "coinbase_candles")])
def test_they_come_from_the_market_of_the_trades_and_say_so(kind: str, source: str) -> None:
    market = open_market(settings(), Choice(kind, kind, "as asked"))
    assert market is not None
    assert market.source == source


def test_a_market_without_a_known_rest_api_gives_none() -> None:
    assert open_market(settings(COINBASE_WS_URL="wss://elsewhere.example"), Choice(LIVE, LIVE, "as asked")) is None


def test_a_page_of_coinbase_becomes_candles_oldest_first() -> None:
    start = datetime(2024, 4, 1, tzinfo=UTC)
    second, first = int(start.timestamp()) + 60, int(start.timestamp())
    body = f"""[[{second}, 1, 0, 1, 1, 1],
                [{first}, 68110.48, 71366, 71333.48, 69705.02, 0.00000001],
                [{first - 60}, 1, 1, 1, 1, 1]]"""
    market = Market([reply(body)])
    minutes = CoinbaseMinutes("https://exchange.example", "coinbase_candles", market.parts())
    candle, letter = minutes.page(PRODUCT, TimeRange(start, start + 2 * MINUTE))
    assert candle == CandleEvent(
        "coinbase_candles", PRODUCT, start, Decimal("71333.48"), Decimal("71366"), Decimal("68110.48"),
        Decimal("69705.02"), Decimal("0.00000001"), is_filled=False,
    )  # fmt: skip
    assert isinstance(letter, DeadLetter)
    assert (letter.origin, letter.reason) == ("coinbase_candles:minutes/BTC-USD", "price 0 is not above 0")
    assert market.queries() == [
        {"granularity": "60", "start": "2024-04-01T00:00:00+00:00", "end": "2024-04-01T00:01:00+00:00"}
    ]
