"""Prices by the hour, by the day, and as a moving average."""

from __future__ import annotations

from typing import NamedTuple

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from analysis.pyspark_api.checks import labels_of, to_prices
from analysis.pyspark_api.showing import show


class PriceAverages(NamedTuple):
    """Three frames of rows by window, each ordered by its start."""

    hourly: DataFrame
    daily: DataFrame
    moving: DataFrame


def aggregate_hourly_daily_moving_average(df: DataFrame) -> PriceAverages:
    """Return the prices of `df` by UTC hour, by UTC day, and as the mean of an hour that slides by 30 minutes.

    `df` has `timestamp` and `price_usd`; rows without one of them, or with NaN, are left out. The hourly and the daily
    frame have `window_start, window_end, avg_usd, min_usd, max_usd, prices` (how many), the moving one
    `window_start, window_end, avg_usd, prices`; a window holds its start and not its end, and one without a price has
    no row. Where `df` has `coin` or `source`, windows are by them too. All prices weigh the same.

    Raises:
        UnusableInputError: the session was stopped or is not in UTC, or a column is missing or of another type.
    """
    prices = to_prices(df).where(
        F.col("timestamp").isNotNull() & ~F.isnan(F.coalesce("price_usd", F.lit(float("nan"))))
    )
    hour, day = F.window("timestamp", "1 hour"), F.window("timestamp", "1 day")
    averages = PriceAverages(
        _by_window(prices, hour, "avg_usd", "min_usd", "max_usd"),
        _by_window(prices, day, "avg_usd", "min_usd", "max_usd"),
        _by_window(prices, F.window("timestamp", "1 hour", "30 minutes"), "avg_usd"),
    )
    for frame in averages:
        show(frame)
    return averages


def _by_window(prices: DataFrame, window: Column, *measures: str) -> DataFrame:
    labels = labels_of(prices)
    grouped = prices.groupBy(window.alias("window"), *labels).agg(
        F.avg("price_usd").alias("avg_usd"),
        F.min("price_usd").alias("min_usd"),
        F.max("price_usd").alias("max_usd"),
        F.count(F.lit(1)).alias("prices"),
    )
    bounds = (F.col("window.start").alias("window_start"), F.col("window.end").alias("window_end"))
    return grouped.select(*labels, *bounds, *measures, "prices").orderBy("window_start", *labels)
