"""Hourly, daily and moving averages against pandas and DuckDB."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import duckdb
import numpy as np
import pandas as pd
import pytest
from pyspark.sql import DataFrame, SparkSession

from analysis.bitcoin_utils import aggregate_hourly_daily_moving_average
from pipeline.errors import UnusableInputError

SLIDING = """
WITH starts AS (
    SELECT unnest(generate_series(TIMESTAMP '2026-01-13', TIMESTAMP '2026-01-18', INTERVAL 30 MINUTE)) AS window_start
)
SELECT window_start, window_start + INTERVAL 1 HOUR AS window_end, avg(price_usd) AS avg_usd, count(*) AS prices
FROM prices JOIN starts ON timestamp >= window_start AND timestamp < window_start + INTERVAL 1 HOUR
GROUP BY ALL ORDER BY window_start
"""
STATS = ["avg_usd", "min_usd", "max_usd", "prices"]


@pytest.fixture(scope="module")
def prices() -> pd.DataFrame:
    """Three days of irregular prices: with a gap of hours, two at one moment, and one at midnight to the second."""
    dice = np.random.default_rng(7)
    seconds = np.sort(dice.choice(3 * 86_400, 4000, replace=False))
    seconds = seconds[(seconds < 30_000) | (seconds > 50_000)]
    seconds = np.append(seconds, [86_400, 86_400])
    times = pd.Timestamp("2026-01-14") + pd.to_timedelta(seconds, unit="s") + pd.to_timedelta(123, unit="us")
    times = times.where(seconds != 86_400, pd.Timestamp("2026-01-15"))
    return pd.DataFrame({"timestamp": times, "price_usd": 64_000 * np.exp(dice.normal(0, 0.1, len(seconds)))})


def given(spark: SparkSession, prices: pd.DataFrame) -> DataFrame:
    rows = [(moment.to_pydatetime(), float(price)) for moment, price in prices.itertuples(index=False)]
    return spark.createDataFrame(rows, "timestamp TIMESTAMP, price_usd DOUBLE")


def agree(ours: pd.DataFrame, expected: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(
        ours, expected[ours.columns], check_dtype=False, check_exact=False, rtol=1e-9, atol=0, check_index_type=False
    )


def test_they_agree_with_pandas_and_duckdb(spark: SparkSession, prices: pd.DataFrame) -> None:
    averages = aggregate_hourly_daily_moving_average(given(spark, prices))
    for ours, frequency in ((averages.hourly, "1h"), (averages.daily, "1D")):
        expected = prices.groupby(prices["timestamp"].dt.floor(frequency))["price_usd"].agg(
            ["mean", "min", "max", "size"]
        )
        expected = expected.set_axis(STATS, axis=1).rename_axis("window_start").reset_index()
        expected["window_end"] = expected["window_start"] + pd.Timedelta(frequency)
        agree(ours.toPandas(), expected)
    agree(averages.moving.toPandas(), duckdb.sql(SLIDING).df())
    assert len(averages.daily.collect()) == 3


def test_windows_are_by_coin_and_source_and_leave_out_what_is_no_price(spark: SparkSession) -> None:
    noon, half_past = datetime(2026, 1, 15, 12), datetime(2026, 1, 15, 12, 30)
    rows = [
        ("bitcoin", "coingecko", noon, 10.0),
        ("bitcoin", "coingecko", half_past, 20.0),
        ("bitcoin", "simulator", noon, 1000.0),
        ("ethereum", "coingecko", noon, 3.0),
        ("bitcoin", "coingecko", noon, None),
        ("bitcoin", "coingecko", None, 5.0),
        ("bitcoin", "coingecko", noon, float("nan")),
    ]
    frame = spark.createDataFrame(rows, "coin STRING, source STRING, timestamp TIMESTAMP, price_usd DOUBLE")
    averages = aggregate_hourly_daily_moving_average(frame)
    one = datetime(2026, 1, 15, 13)
    assert [tuple(row) for row in averages.hourly.collect()] == [
        ("bitcoin", "coingecko", noon, one, 15.0, 10.0, 20.0, 2),
        ("bitcoin", "simulator", noon, one, 1000.0, 1000.0, 1000.0, 1),
        ("ethereum", "coingecko", noon, one, 3.0, 3.0, 3.0, 1),
    ]
    bitcoin = averages.moving.where("coin = 'bitcoin' AND source = 'coingecko'").collect()
    assert [(row.window_start.hour, row.window_start.minute, row.avg_usd) for row in bitcoin] == [
        (11, 30, 10.0),
        (12, 0, 15.0),
        (12, 30, 20.0),
    ]


def test_exact_prices_and_times_without_a_zone_are_taken(spark: SparkSession) -> None:
    frame = spark.sql("SELECT TIMESTAMP_NTZ '2026-01-15 12:00:00' AS timestamp, 10.25BD AS price_usd")
    [row] = aggregate_hourly_daily_moving_average(frame).daily.collect()
    assert (row.window_start, row.avg_usd) == (datetime(2026, 1, 15), 10.25)


def test_no_rows_have_no_windows(spark: SparkSession) -> None:
    frame = spark.createDataFrame([], "timestamp TIMESTAMP, price_usd DOUBLE")
    assert [rows.collect() for rows in aggregate_hourly_daily_moving_average(frame)] == [[], [], []]


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ("timestamp TIMESTAMP, close DOUBLE", "no column 'price_usd' among timestamp, close"),
        ("timestamp STRING, price_usd DOUBLE", "column 'timestamp' is string, not timestamp"),
        ("timestamp TIMESTAMP, price_usd STRING", "column 'price_usd' is string, not numeric"),
    ],
)
def test_other_columns_are_refused(spark: SparkSession, schema: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(UnusableInputError, match=words):
        aggregate_hourly_daily_moving_average(spark.createDataFrame([], schema))
