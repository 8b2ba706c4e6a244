"""gold.coin_daily: open, high, low and close of each coin's UTC days, each day from one source.

Sources stamp the same price differently; `with_held_at` says when it held. The price at midnight is the close of the
day that ends then and the open of the one that begins. Of several sources that day's best one stands: first those that
reach the day's last hour, else the one that reaches furthest; among equals the market itself before its exports, and
these before other markets. Simulated prices never mix with real ones: a coin has either.
"""

from __future__ import annotations

from collections.abc import Collection

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from pipeline.ingest.sources.coinbase import NAME as COINBASE_CANDLES
from pipeline.ingest.sources.coingecko_answers import NAME as COINGECKO
from pipeline.ingest.sources.coinmetrics import NAME as COINMETRICS
from pipeline.ingest.sources.csv_layouts import COINGECKO as COINGECKO_EXPORT
from pipeline.ingest.sources.csv_layouts import KAGGLE, KAGGLE_FILLED
from pipeline.markets import SIMULATOR
from pipeline.tables.coins import COIN_DAILY
from pipeline.tables.model import TIMESTAMP

PREFERENCE = (COINGECKO, COINGECKO_EXPORT, COINMETRICS, COINBASE_CANDLES, KAGGLE, KAGGLE_FILLED)
"""Among sources that reach equally far into a day; others come after these, by name."""

STAMPED_AT_START_SINCE = "2018-01-30"
"""CoinGecko's daily prices from before are closes under the day's own date."""
LATE_MINUTES = 10
"""CoinGecko's export has some of its midnight prices a few minutes late."""
ENOUGH_REAL_DAYS = 30
"""With so many days of real prices a coin's simulated ones do not count; with fewer, as many days as are simulated."""


def to_coin_daily(prices: DataFrame, simulated: Collection[str], revision: int) -> DataFrame:
    """Compute the table's rows from `silver.coin_prices`; `simulated` are the coins of which simulated prices count.

    A day's first and last rows are right only if all prices that held in it, its two midnights included, are given.
    """
    return (
        prices.transform(with_held_at)
        .transform(with_days)
        .where((F.col("source") == SIMULATOR) == F.col("coin").isin(list(simulated)))
        .transform(to_candidates)
        .transform(filter_best)
        .withColumn("revision", F.lit(revision).cast("bigint"))
        .select(*COIN_DAILY.column_names)
    )


def with_held_at(prices: DataFrame) -> DataFrame:
    """Add `held_at`, the moment at which the source says that the price held, and drop prices of nothing.

    `order_at` tells prices of one moment apart as their stamps do, and is one number: aggregates over a pair of them
    are sorted instead of hashed.
    """
    stamp = F.col("event_time")
    midnight = F.date_trunc("day", stamp).cast(TIMESTAMP)
    since = F.lit(STAMPED_AT_START_SINCE).cast(TIMESTAMP)
    is_close_under_own_date = F.col("source").isin(COINGECKO, COINGECKO_EXPORT) & (stamp < since) & (stamp == midnight)
    is_late_midnight = (
        (F.col("source") == COINGECKO_EXPORT)
        & (stamp >= since)
        & (stamp < midnight + F.expr(f"INTERVAL '{LATE_MINUTES}' MINUTE"))
    )
    held_at = (
        F.when(is_close_under_own_date, stamp + F.expr("INTERVAL '1' DAY"))
        .when(is_late_midnight, midnight)
        .otherwise(stamp)
    )
    before_next = stamp + F.expr("INTERVAL '1' DAY") - F.expr("INTERVAL '1' MICROSECOND")
    order_at = F.when(is_close_under_own_date, before_next).otherwise(stamp)
    return prices.where("price_usd > 0").withColumns({"held_at": held_at, "order_at": order_at})


def with_days(prices: DataFrame) -> DataFrame:
    """Add the `day`; a price at midnight stands in the day that ends and in the one that begins."""
    day = F.col("held_at").cast("date")
    is_midnight = F.col("held_at") == day.cast(TIMESTAMP)
    days = F.when(is_midnight, F.array(F.date_sub(day, 1), day)).otherwise(F.array(day))
    return prices.withColumn("day", F.explode(days))


def to_candidates(prices: DataFrame) -> DataFrame:
    """Summarise each source's days; one of which only the first moment is known is none."""
    return (
        prices.groupBy("coin", "source", "day")
        .agg(
            F.min_by("price_usd", "order_at").alias("open"),
            F.max("price_usd").alias("high"),
            F.min("price_usd").alias("low"),
            F.max_by("price_usd", "order_at").alias("close"),
            F.count("*").alias("observations"),
            F.max("held_at").alias("held_at"),
        )
        .where(_is_after_start())
    )


def filter_best(candidates: DataFrame) -> DataFrame:
    """Keep one source for each coin and day."""
    last_hour = F.col("day").cast(TIMESTAMP) + F.expr("INTERVAL '23' HOUR")
    place = F.coalesce(F.array_position(F.lit(list(PREFERENCE)), F.col("source")), F.lit(0))
    best_first = Window.partitionBy("coin", "day").orderBy(
        F.least("held_at", last_hour).desc(),
        F.when(place > 0, place).otherwise(len(PREFERENCE) + 1),
        "source",
    )
    return candidates.withColumn("place", F.row_number().over(best_first)).where("place = 1")


def to_day_counts(prices: DataFrame) -> DataFrame:
    """Count the `days` of each `coin` that a price says something about."""
    days = prices.transform(with_held_at).transform(with_days).where(_is_after_start())
    return days.groupBy("coin").agg(F.count_distinct("day").alias("days"))


def is_simulated(real_days: int, simulated_days: int) -> bool:
    """Return whether a coin's simulated prices count."""
    return real_days < min(ENOUGH_REAL_DAYS, simulated_days)


def _is_after_start() -> Column:
    """Match what says more of its day than the moment at which it begins, which closes the day before."""
    return F.col("held_at") > F.col("day").cast(TIMESTAMP)
