"""Candles and hourly statistics against DuckDB, which sums the same trades up by itself."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import Any

import duckdb
import pytest
from pyspark.sql import SparkSession

from pipeline.stream.derived import TradeTables, minutes_to_refresh
from pipeline.tables.gold import PRICE_STATS
from pipeline.tables.ops import COVERAGE
from pipeline.tables.silver import CANDLES_1M
from tests.support.trade_tables import Trade, add, make_tables

START = datetime(2026, 1, 13, 23, 30)  # so that half an hour later another day begins
Row = tuple[Any, ...]


@pytest.fixture
def trade_lake(lake: SparkSession) -> SparkSession:
    make_tables(lake)
    return lake


def at(second: float) -> datetime:
    return START + timedelta(seconds=second)


def rows(spark: SparkSession, table: str, columns: str, order: str) -> list[Row]:
    return [tuple(row) for row in spark.sql(f"SELECT {columns} FROM {table} ORDER BY {order}").collect()]


CANDLE = (
    "product_id, minute, open, high, low, close, volume, turnover, price_sum, trades, filled, "
    "first_trade_id, last_trade_id"
)
CANDLES_BY_DUCKDB = """
SELECT product, date_trunc('minute', time) AS minute, arg_min(price, id), max(price), min(price), arg_max(price, id),
       sum(size), CAST(sum(CAST(price AS decimal(19,8)) * CAST(size AS decimal(19,8))) AS decimal(38,18)), sum(price),
       count(*), count(*) FILTER (channel = 'rest'), min(id), max(id)
FROM trades GROUP BY ALL ORDER BY 1, 2
"""


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


def by_duckdb(trades: list[Trade], query: str) -> list[Row]:
    with duckdb.connect() as engine:
        engine.execute(
            "CREATE TABLE trades (product text, id bigint, time timestamp, price decimal(38,18), size decimal(38,18), "
            "channel text)"
        )
        engine.executemany(
            "INSERT INTO trades VALUES (?, ?, ?, ?, ?, ?)",
            [(t.product, t.trade_id, t.time, Decimal(t.price), Decimal(t.size), t.channel) for t in trades],
        )
        return engine.execute(query).fetchall()


def test_candles_equal_an_independent_sum(trade_lake: SparkSession) -> None:
    trades = random_trades(600)
    tables = TradeTables(trade_lake)
    late = trades[::7]
    tables.refresh(add(trade_lake, [trade for trade in trades if trade not in late]))
    tables.refresh(add(trade_lake, late))
    found = rows(trade_lake, CANDLES_1M.full_name, CANDLE, "1, 2")
    assert found == by_duckdb(trades, CANDLES_BY_DUCKDB)
    assert trade_lake.table(f"{CANDLES_1M.full_name}.files").count() == 2  # one a day


STATS_BY_DUCKDB = """
WITH ends AS (
    SELECT unnest(generate_series(min(date_trunc('minute', time)) + INTERVAL 1 MINUTE,
                                  max(date_trunc('minute', time)) + INTERVAL 1 MINUTE, INTERVAL 1 MINUTE)) AS window_end
    FROM trades
)
SELECT product, window_end - INTERVAL 1 HOUR, window_end, min(price), max(price), sum(size), count(*), sum(price),
       sum(CAST(price AS decimal(19,8)) * CAST(size AS decimal(19,8)))
FROM ends JOIN trades ON time >= window_end - INTERVAL 1 HOUR AND time < window_end
GROUP BY ALL ORDER BY product, window_end
"""


def test_hourly_statistics_equal_an_independent_sum(trade_lake: SparkSession) -> None:
    trades = [trade for trade in random_trades(300) if not at(2000) < trade.time < at(6000)]  # more than an hour's rest
    tables = TradeTables(trade_lake)
    late = trades[3::9]
    for part in ([t for t in trades if t not in late][:100], [t for t in trades if t not in late][100:], late):
        tables.refresh(add(trade_lake, part))
    columns = "product_id, window_start, window_end, min_price, max_price, volume, trades, avg_price, vwap"
    found = rows(trade_lake, PRICE_STATS.full_name, columns, "product_id, window_end")
    expected = by_duckdb(trades, STATS_BY_DUCKDB)
    assert [row[:7] for row in found] == [row[:7] for row in expected]
    with localcontext() as context:
        context.prec, context.rounding = 60, ROUND_HALF_UP
        means = [
            (rounded(prices / count), rounded(turnover / volume)) for *_, volume, count, prices, turnover in expected
        ]
    assert [row[7:] for row in found] == means


def rounded(value: Decimal) -> Decimal:
    return value.quantize(Decimal("1e-18"))


def test_doing_it_again_changes_nothing(trade_lake: SparkSession) -> None:
    minutes = add(trade_lake, random_trades(60))
    tables = (CANDLES_1M.full_name, PRICE_STATS.full_name, COVERAGE.full_name)

    def state() -> list[list[Row]]:
        TradeTables(trade_lake).refresh(minutes)
        return [rows(trade_lake, table, "*", "1, 2, 3, 4") for table in tables]

    assert state() == state()


@pytest.mark.parametrize(
    ("price", "size", "expected"),
    [
        ("100000", "10000", "1000000000"),
        ("0.412345678901", "1000000000", "412345678.901"),  # 12 decimals
        ("80691.53", "0.00000001", "0.0008069153"),
        ("1", "0.00003844", "0.00003844"),
        ("80691.53", "0.000000000000000001", "0.000000000000080692"),  # finer than any market: half up
        ("0.000000000000000001", "5", "0.000000000000000005"),
        ("99999999999999999999", "99999999999999999999", "1000000000000000000"),  # saturates, and nothing stops
    ],
)
def test_turnover_keeps_every_digit(trade_lake: SparkSession, price: str, size: str, expected: str) -> None:
    TradeTables(trade_lake).refresh(add(trade_lake, [Trade(1, START, price=price, size=size)]))
    assert rows(trade_lake, CANDLES_1M.full_name, "turnover", "1") == [(Decimal(expected),)]


def test_a_sum_that_is_too_large_saturates(trade_lake: SparkSession) -> None:
    huge = [Trade(number, START, price="9" * 20, size="9" * 20) for number in range(3)]
    TradeTables(trade_lake).refresh(add(trade_lake, huge))
    largest = Decimal("99999999999999999999.999999999999999999")
    assert rows(trade_lake, CANDLES_1M.full_name, "volume, price_sum, turnover", "1") == [(largest, largest, largest)]


def test_sizes_of_zero_have_no_weighted_mean(trade_lake: SparkSession) -> None:
    TradeTables(trade_lake).refresh(add(trade_lake, [Trade(1, START, price="7", size="0")]))
    assert rows(trade_lake, PRICE_STATS.full_name, "avg_price, vwap, volume", "1") == [(7, None, 0)]


def test_what_a_crash_left_undone_is_found(trade_lake: SparkSession) -> None:
    assert minutes_to_refresh(trade_lake) == []
    done = add(trade_lake, [Trade(1, at(0)), Trade(2, at(86_400))])
    assert minutes_to_refresh(trade_lake) == sorted(done)
    TradeTables(trade_lake).refresh(done)
    assert minutes_to_refresh(trade_lake) == []
    add(trade_lake, [Trade(3, at(60)), Trade(4, at(1))])
    assert minutes_to_refresh(trade_lake) == [at(0), at(60)]


def test_trades_are_read_from_the_touched_minutes_alone(trade_lake: SparkSession) -> None:
    touched = add(trade_lake, [Trade(1, at(0))])
    add(trade_lake, [Trade(2, at(3600))])
    TradeTables(trade_lake).refresh(touched)
    assert rows(trade_lake, CANDLES_1M.full_name, "minute", "1") == [(START,)]
