"""gold.dm_crypto_price_stats: statistics over one hour, for every minute at which an hour with trades ends."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from pipeline.spark.replacing import replace_rows
from pipeline.spark.time_ranges import HOUR, MINUTE, TimeRange, hull, merged, moment, within
from pipeline.stream.silver.candles_1m import total
from pipeline.tables.gold import PRICE_STATS
from pipeline.tables.model import DECIMAL


def run(candles: DataFrame, touched: Collection[TimeRange], newest: datetime) -> None:
    """Write the statistics of every window that holds a touched minute, `newest` being the newest minute of all."""
    ends = window_ends(touched, newest)
    replace_rows(to_price_stats(candles, ends), PRICE_STATS, hull(ends), within("window_end", ends))


def window_ends(touched: Collection[TimeRange], newest: datetime) -> tuple[TimeRange, ...]:
    """Return the ends of the windows that hold a touched minute, up to the newest one, which is still filling."""
    last = newest + 2 * MINUTE  # the newest window ends a minute after the newest minute's start; ranges end behind
    return merged(TimeRange(part.start + MINUTE, min(part.end + HOUR, last)) for part in touched)


def to_price_stats(candles: DataFrame, ends: Collection[TimeRange]) -> DataFrame:
    """Summarise the candles of the hour before each of these ends; an hour without trades has no row.

    Means are rounded half up to 18 decimals; the session must be an exact one (see `refresh`).
    """
    span = hull(ends)
    needed = TimeRange(span.start - HOUR, span.end - MINUTE)
    return (
        candles.where(within("minute", [needed]))
        .withColumn("window_end", F.explode(_ends_of_minute(span)))
        .where(within("window_end", ends))
        .groupBy("source", "product_id", "window_end")
        .agg(
            total(F.col("price_sum")).alias("price_sum"),
            total(F.col("turnover")).alias("turnover"),
            total(F.col("volume")).alias("volume"),
            F.min("low").alias("min_price"),
            F.max("high").alias("max_price"),
            F.sum("trades").alias("trades"),
        )
        .withColumn("window_start", F.col("window_end") - F.expr("INTERVAL '1' HOUR"))
        .withColumn("avg_price", F.try_divide("price_sum", F.col("trades").cast(DECIMAL)).cast(DECIMAL))
        .withColumn("vwap", F.try_divide("turnover", "volume").cast(DECIMAL))
        .select(*PRICE_STATS.column_names)
    )


def _ends_of_minute(span: TimeRange) -> Column:
    """Return the ends, within the span, of the sixty windows that hold a candle's minute."""
    first = F.greatest(F.col("minute") + F.expr("INTERVAL '1' MINUTE"), moment(span.start))
    last = F.least(F.col("minute") + F.expr("INTERVAL '60' MINUTE"), moment(span.end - MINUTE))
    return F.sequence(first, last, F.expr("INTERVAL '1' MINUTE"))
