"""Candles and hourly statistics against DuckDB, which sums the same trades up by itself."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from pyspark.sql import SparkSession

from pipeline.stream.derived import MANY_TRADES, TradeTables, minutes_to_refresh
from pipeline.tables.gold import PRICE_STATS
from pipeline.tables.ops import COVERAGE
from pipeline.tables.silver import CANDLES_1M
from tests.support.recomputed import Recomputed
from tests.support.trade_tables import Trade, add

START = datetime(2026, 1, 13, 23, 30)  # so that half an hour later another day begins
Row = tuple[Any, ...]


def at(second: float) -> datetime:
    return START + timedelta(seconds=second)


def rows(spark: SparkSession, table: str, columns: str, order: str) -> list[Row]:
    return [tuple(row) for row in spark.sql(f"SELECT {columns} FROM {table} ORDER BY {order}").collect()]


CANDLE = (
    "product_id, minute, open, high, low, close, volume, turnover, price_sum, trades, filled, "
    "first_trade_id, last_trade_id"
)


def random_trades(count: int, seed: int = 7) -> list[Trade]:
    """Make trades of three products over two hours, ids in the order of time."""
    dice = random.Random(seed)
    seconds = sorted(dice.uniform(0, 7200) for _ in range(count))
    return [
        Trade(
            trade_id=1000 + number,
            time=at(second).replace(microsecond=number % 1_000_000),
            price=str(Decimal(dice.randrange(1, 10**13)).scaleb(-8)),
            size=str(Decimal(dice.randrange(1, 10**12)).scaleb(-8)),
            product=dice.choice(["BTC-USD", "ETH-USD", "DOGE-USD"]),
            channel=dice.choice(["matches", "matches", "rest"]),
        )
        for number, second in enumerate(seconds)
    ]


def recomputed(trades: list[Trade]) -> Recomputed:
    return Recomputed((t.product, t.trade_id, t.time, t.price, t.size, t.channel) for t in trades)


@pytest.fixture(params=[1, MANY_TRADES], ids=["interpreted", "compiled"])
def few_or_many(request: pytest.FixtureRequest) -> int:
    """Return a number of new trades, by which a refresh is interpreted or compiled."""
    return int(request.param)


def test_candles_equal_an_independent_sum(lake: SparkSession, few_or_many: int) -> None:
    trades = random_trades(600)
    tables = TradeTables(lake)
    late = trades[::7]
    tables.refresh(add(lake, [trade for trade in trades if trade not in late]), few_or_many)
    tables.refresh(add(lake, late), few_or_many)
    found = rows(lake, CANDLES_1M.full_name, CANDLE, "1, 2")
    assert found == recomputed(trades).candles()
    assert lake.table(f"{CANDLES_1M.full_name}.files").count() == 2  # one a day


def test_hourly_statistics_equal_an_independent_sum(lake: SparkSession, few_or_many: int) -> None:
    trades = [trade for trade in random_trades(300) if not at(2000) < trade.time < at(6000)]  # more than an hour's rest
    tables = TradeTables(lake)
    late = trades[3::9]
    for part in ([t for t in trades if t not in late][:100], [t for t in trades if t not in late][100:], late):
        tables.refresh(add(lake, part), few_or_many)
    columns = "product_id, window_start, window_end, min_price, max_price, volume, trades, avg_price, vwap"
    found = rows(lake, PRICE_STATS.full_name, columns, "product_id, window_end")
    assert found == recomputed(trades).statistics()


def test_doing_it_again_changes_nothing(lake: SparkSession) -> None:
    minutes = add(lake, random_trades(60))
    tables = (CANDLES_1M.full_name, PRICE_STATS.full_name, COVERAGE.full_name)

    def state() -> list[list[Row]]:
        TradeTables(lake).refresh(minutes)
        return [rows(lake, table, "*", "1, 2, 3, 4") for table in tables]

    assert state() == state()


TURNOVERS = {
    ("100000", "10000"): "1000000000",
    ("0.412345678901", "1000000000"): "412345678.901",  # 12 decimals
    ("80691.53", "0.00000001"): "0.0008069153",
    ("1", "0.00003844"): "0.00003844",
    ("80691.53", "0.000000000000000001"): "0.000000000000080692",  # finer than any market: half up
    ("0.000000000000000001", "5"): "0.000000000000000005",
    ("99999999999999999999", "99999999999999999999"): "1000000000000000000",  # saturates, and nothing stops
}


def test_turnover_keeps_every_digit(lake: SparkSession, few_or_many: int) -> None:
    trades = [
        Trade(1, START, price=price, size=size, product=f"PRODUCT-{number}")
        for number, (price, size) in enumerate(TURNOVERS)
    ]
    TradeTables(lake).refresh(add(lake, trades), few_or_many)
    expected = [(Decimal(turnover),) for turnover in TURNOVERS.values()]
    assert rows(lake, CANDLES_1M.full_name, "turnover", "product_id") == expected


def test_a_sum_that_is_too_large_saturates(lake: SparkSession, few_or_many: int) -> None:
    huge = [Trade(number, START, price="9" * 20, size="9" * 20) for number in range(3)]
    TradeTables(lake).refresh(add(lake, huge), few_or_many)
    largest = Decimal("99999999999999999999.999999999999999999")
    assert rows(lake, CANDLES_1M.full_name, "volume, price_sum, turnover", "1") == [(largest, largest, largest)]


def test_sizes_of_zero_have_no_weighted_mean(lake: SparkSession, few_or_many: int) -> None:
    TradeTables(lake).refresh(add(lake, [Trade(1, START, price="7", size="0")]), few_or_many)
    assert rows(lake, PRICE_STATS.full_name, "avg_price, vwap, volume", "1") == [(7, None, 0)]


def test_what_a_crash_left_undone_is_found(lake: SparkSession) -> None:
    assert minutes_to_refresh(lake) == []
    done = add(lake, [Trade(1, at(0)), Trade(2, at(86_400))])
    assert minutes_to_refresh(lake) == sorted(done)
    TradeTables(lake).refresh(done)
    assert minutes_to_refresh(lake) == []
    add(lake, [Trade(3, at(60)), Trade(4, at(1))])
    assert minutes_to_refresh(lake) == [at(0), at(60)]


def test_trades_are_read_from_the_touched_minutes_alone(lake: SparkSession) -> None:
    touched = add(lake, [Trade(1, at(0))])
    add(lake, [Trade(2, at(3600))])
    TradeTables(lake).refresh(touched)
    assert rows(lake, CANDLES_1M.full_name, "minute", "1") == [(START,)]
