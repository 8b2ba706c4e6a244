"""The statements about trades, run in DuckDB on the tables as they are stated; it has Presto's functions, too."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import duckdb
import pytest

from analysis.sql_files import load_sql
from pipeline.tables.gold import ALERTS, PRICE_STATS
from pipeline.tables.ops import COVERAGE, GAPS
from pipeline.tables.silver import CANDLES_1M, FACT_TRADES
from tests.support.lake_tables import create_tables, insert_row
from tests.support.trade_answers import COLUMNS

NOW = datetime.now(UTC).replace(tzinfo=None, second=0, microsecond=0)
HOUR = timedelta(hours=1)
BTC = {"source": "coinbase", "product_id": "BTC-USD"}
ETH = {"source": "coinbase", "product_id": "ETH-USD"}


@pytest.fixture
def db() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        create_tables(connection, ALERTS, CANDLES_1M, COVERAGE, FACT_TRADES, GAPS, PRICE_STATS)
        connection.execute("CREATE MACRO approx_percentile(x, share) AS quantile_disc(x, share)")  # Presto's name
        yield connection


def run(db: duckdb.DuckDBPyConnection, name: str, *params: object) -> list[dict[str, Any]]:
    result = db.execute(load_sql(name), list(params))
    return [dict(zip([column[0] for column in result.description], row, strict=True)) for row in result.fetchall()]


def test_coverage_adds_the_hours_up(db: duckdb.DuckDBPyConnection) -> None:
    insert_row(db, COVERAGE, **BTC, hour=NOW - HOUR, expected=10, received=7, filled=2, missing=1, last_trade_id=10)
    insert_row(db, COVERAGE, **BTC, hour=NOW, expected=5, received=5, last_trade_id=15)
    insert_row(db, COVERAGE, **ETH, hour=NOW, expected=3, received=3, last_trade_id=3)
    btc, eth = run(db, "trade_coverage")
    assert btc == BTC | {
        "expected": 15,
        "received": 12,
        "filled": 2,
        "missing": 1,
        "hours": 2,
        "incomplete_hours": 1,
        "last_incomplete_hour": NOW - HOUR,
        "first_hour": NOW - HOUR,
        "last_hour": NOW,
        "last_trade_id": 15,
    }
    assert (eth["missing"], eth["incomplete_hours"], eth["last_incomplete_hour"]) == (0, 0, None)


def test_the_trend_compares_with_the_hour_before(db: duckdb.DuckDBPyConnection) -> None:
    for hours, price in ((5, 50), (1, 100), (0, 103)):
        end = NOW - hours * HOUR
        insert_row(db, PRICE_STATS, **BTC, window_start=end - HOUR, window_end=end, avg_price=Decimal(price), trades=2)
    older, newer = run(db, "price_trend", 2)
    assert (older["window_end"], older["avg_price"], older["move_pct"]) == (NOW - HOUR, 100, None)
    assert newer["move_pct"] == pytest.approx(3)


def test_volume_is_added_up_by_asset(db: duckdb.DuckDBPyConnection) -> None:
    for minutes, turnover in ((200, 9), (2, 10), (1, 20)):
        minute = NOW - timedelta(minutes=minutes)
        sums = {"volume": Decimal(minutes), "turnover": Decimal(turnover), "close": Decimal(turnover), "trades": 1}
        insert_row(db, CANDLES_1M, **BTC, minute=minute, **sums)
    insert_row(db, CANDLES_1M, **ETH, minute=NOW, turnover=Decimal(31), volume=Decimal(1))
    eth, btc = run(db, "volume_per_asset", 1)
    assert (eth["asset"], eth["quote"]) == ("ETH", "USD")
    assert (btc["volume"], btc["turnover"], btc["trades"], btc["last_price"]) == (3, 30, 2, 20)


def test_alerts_come_newest_first(db: duckdb.DuckDBPyConnection) -> None:
    for hours in (30, 2, 1):
        at = NOW - hours * HOUR
        detected = at + timedelta(milliseconds=1500)
        insert_row(
            db, ALERTS, **BTC, alert_id=str(hours), triggered_at=at, detected_at=detected, alert_type="FLASH_CRASH"
        )
    found = run(db, "live_alerts", 24)
    assert [(row["alert_id"], row["delay_ms"]) for row in found] == [("1", 1500), ("2", 1500)]


def test_open_gaps_come_first_however_old(db: duckdb.DuckDBPyConnection) -> None:
    for gap, hours, status in (("a", 1, "filled"), ("b", 99, "open"), ("c", 50, "lost"), ("d", 0, "lost")):
        insert_row(
            db, GAPS, **BTC, gap_id=gap, from_id=3, to_id=7, opened_at=NOW - hours * HOUR, status=status, note=gap
        )
    found = run(db, "trade_gaps", 24)
    assert [(row["note"], row["trades"]) for row in found] == [("b", 5), ("d", 5), ("a", 5)]


def test_candles_are_those_of_the_product_in_order(db: duckdb.DuckDBPyConnection) -> None:
    for minutes, product in ((1, BTC), (30, BTC), (90, BTC), (1, ETH)):
        insert_row(db, CANDLES_1M, **product, minute=NOW - timedelta(minutes=minutes), close=Decimal(minutes))
    found = run(db, "candles", "BTC-USD", 1)
    assert [(row["product_id"], row["close"]) for row in found] == [("BTC-USD", 30), ("BTC-USD", 1)]


def add_trade(db: duckdb.DuckDBPyConnection, age: timedelta, feed_ms: int, queue_ms: int, channel: str) -> None:
    made = NOW - age
    received = made + timedelta(milliseconds=feed_ms)
    times = {"trade_time": made, "received_at": received, "ingested_at": received + timedelta(milliseconds=queue_ms)}
    insert_row(db, FACT_TRADES, **BTC, **times, channel=channel)


def test_freshness_has_quantiles_of_each_step(db: duckdb.DuckDBPyConnection) -> None:
    for n in range(1, 101):  # the feed takes 1 to 100 ms, Kafka ten times that
        add_trade(db, timedelta(minutes=5, seconds=n), n, 10 * n, "matches")
    add_trade(db, timedelta(minutes=30), 9000, 20, "rest")
    add_trade(db, timedelta(minutes=90), 99_000, 0, "matches")
    matches, rest = run(db, "trade_freshness", 1)
    quantiles = {name: [matches[f"{name}_{q}"] for q in ("p50", "p90", "p99", "max")] for name in ("feed", "queue")}
    assert quantiles == {"feed": [50, 90, 99, 100], "queue": [500, 900, 990, 1000]}
    assert (matches["total_max"], matches["trades"]) == (1100, 100)
    assert matches["newest_trade"] == NOW - timedelta(minutes=5, seconds=1)
    assert 301_000 <= matches["newest_age_ms"] < 301_000 + 600_000
    assert (rest["channel"], rest["feed_p50"], rest["total_max"]) == ("rest", 9000, 9020)


def traded(db: duckdb.DuckDBPyConnection, price: str, size: int, hours: float = 0.1, **product: str) -> None:
    at = NOW - hours * HOUR
    insert_row(db, FACT_TRADES, **(BTC | product), price=Decimal(price), size=Decimal(size), trade_time=at)


def test_volume_is_summed_by_price_level(db: duckdb.DuckDBPyConnection) -> None:
    for price, size in (("100", 1), ("102.4", 2), ("102.5", 4), ("110", 8), ("109.99", 16)):
        traded(db, price, size)
    traded(db, "500", 99, hours=3)
    traded(db, "500", 99, **ETH)
    found = run(db, "volume_profile", "BTC-USD", 1, 4)
    assert [(row["level"], row["price_from"], row["price_to"]) for row in found] == [
        (0, 100, 102.5), (1, 102.5, 105), (3, 107.5, 110),
    ]  # fmt: skip
    assert [(row["volume"], row["trades"]) for row in found] == [(3, 2), (4, 1), (24, 2)]
    assert found[0]["first_trade"] == NOW - 0.1 * HOUR


def test_each_source_has_its_own_levels_and_one_price_is_one_level(db: duckdb.DuckDBPyConnection) -> None:
    for size in (1, 2):
        traded(db, "7", size, source="simulator")
    traded(db, "5", 4)
    found = run(db, "volume_profile", "BTC-USD", 1, 40)
    assert [(row["source"], row["level"], row["price_from"], row["volume"]) for row in found] == [
        ("coinbase", 0, 5, 4), ("simulator", 0, 7, 3),
    ]  # fmt: skip


@pytest.mark.parametrize("name", sorted(COLUMNS))
def test_a_statement_returns_the_columns_that_other_tests_make_up(db: duckdb.DuckDBPyConnection, name: str) -> None:
    params = {"trade_coverage": [], "candles": ["BTC-USD", 1], "volume_profile": ["BTC-USD", 1, 9]}.get(name, [1])
    assert [column[0] for column in db.execute(load_sql(name), params).description] == list(COLUMNS[name])
