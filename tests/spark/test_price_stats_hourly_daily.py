"""gold.price_stats_hourly_daily against DuckDB, and what is computed again when minutes come."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from random import Random

import duckdb
import pytest
from pyspark.sql import SparkSession

from pipeline.stream.gold import price_stats_hourly_daily
from pipeline.stream.gold.bitcoin_gold_run import BitcoinGold
from pipeline.stream.gold.price_stats_hourly_daily import HourlyDailyStats
from pipeline.tables.gold import BITCOIN_GOLD, HOURLY_DAILY_STATS
from tests.support.bitcoin_candles import Candle, give

START = datetime(2026, 1, 30, 22, 10)
BY_DUCKDB = """
WITH windows AS (
    SELECT *, 'hour' AS "window", date_trunc('hour', minute) AS window_start FROM minutes
    UNION ALL SELECT *, 'day', date_trunc('day', minute) FROM minutes
    UNION ALL SELECT *, 'sliding_hour', time_bucket(INTERVAL 30 MINUTE, minute) FROM minutes
    UNION ALL SELECT *, 'sliding_hour', time_bucket(INTERVAL 30 MINUTE, minute) - INTERVAL 30 MINUTE FROM minutes
)
SELECT product_id, "window", window_start,
       window_start + CASE "window" WHEN 'day' THEN INTERVAL 1 DAY ELSE INTERVAL 1 HOUR END AS window_end,
       avg(CAST(close AS double)) AS avg_price, min(low) AS min_price, max(high) AS max_price, count(*) AS minutes
FROM windows GROUP BY ALL
"""


def check(spark: SparkSession) -> None:
    """Compare the table with DuckDB's answer on the minutes that the lake has."""
    names = ("product_id", "minute", "high", "low", "close")
    minutes = spark.table(BITCOIN_GOLD.full_name).select(*names).toPandas()  # noqa: F841 - DuckDB finds it by name
    expected = {tuple(row[:3]): row[3:] for row in duckdb.sql(BY_DUCKDB).fetchall()}
    found = spark.table(HOURLY_DAILY_STATS.full_name).collect()
    ours = {(row["product_id"], row["window_kind"], row["window_start"]): row for row in found}
    assert len(ours) == len(found)
    assert ours.keys() == expected.keys()
    for key, (end, mean, low, high, count) in expected.items():
        row = ours[key]
        assert (row["window_end"], row["min_price"], row["max_price"], row["minutes"]) == (end, low, high, count)
        assert row["avg_price"] == pytest.approx(mean, rel=1e-12)


def candles(minutes: list[int], seed: int) -> list[Candle]:
    random = Random(seed)
    return [Candle(START + timedelta(minutes=n), str(Decimal(random.randint(1, 10**6)) / 100)) for n in minutes]


@pytest.fixture
def tables(lake: SparkSession) -> tuple[BitcoinGold, HourlyDailyStats]:
    return BitcoinGold(lake), HourlyDailyStats(lake)


def test_windows_equal_duckdbs_after_new_late_and_corrected_minutes(
    lake: SparkSession, tables: tuple[BitcoinGold, HourlyDailyStats]
) -> None:
    gold, stats = tables
    assert stats.run() == 0
    offset = 0
    for seed, minutes in enumerate(([*range(200)], [*range(3000, 3100), *range(200, 260)], [5, 45000])):
        give(lake, candles(minutes, seed), offset)
        offset += len(minutes)
        gold.run()
        assert stats.run() > 0
        check(lake)
    assert stats.run() == 0


def test_a_minute_touches_the_windows_of_its_day_alone(
    lake: SparkSession, tables: tuple[BitcoinGold, HourlyDailyStats]
) -> None:
    gold, stats = tables
    give(lake, candles([0, 1440, 2880], 1), 0)
    gold.run()
    assert stats.run() == 3 * 4
    give(lake, candles([2881], 1), 3)
    gold.run()
    assert stats.run() == 4
    check(lake)


@pytest.mark.parametrize("is_committed", [False, True])
def test_a_crash_at_the_commit_heals_on_the_next_run(
    lake: SparkSession,
    tables: tuple[BitcoinGold, HourlyDailyStats],
    monkeypatch: pytest.MonkeyPatch,
    is_committed: bool,
) -> None:
    gold, stats = tables
    write = price_stats_hourly_daily.overwrite_sorted

    def crash(*arguments: object) -> None:
        if is_committed:
            write(*arguments)
        raise ConnectionError("gone")

    give(lake, candles([0, 30, 90], 1), 0)
    gold.run()
    with monkeypatch.context() as patch:
        patch.setattr(price_stats_hourly_daily, "overwrite_sorted", crash)
        with pytest.raises(ConnectionError):
            stats.run()
    stats.run()
    check(lake)
    assert HourlyDailyStats(lake).run() == 0, "after a restart"
