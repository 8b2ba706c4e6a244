"""gold.price_stats_hourly_daily: what the minutes of gold.bitcoin_gold_data sum up to by the hour and the day."""

from __future__ import annotations

from datetime import timedelta

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from pipeline.spark.planning import exact_session, set_compiled
from pipeline.spark.progress_mark import PROGRESS, read_progress
from pipeline.spark.replacing import in_few, in_partitions, overwrite_sorted
from pipeline.spark.time_ranges import TimeRange, merged, within
from pipeline.tables.gold import BITCOIN_GOLD, HOURLY_DAILY_STATS
from pipeline.tables.model import TIMESTAMP

HOUR, DAY, SLIDING_HOUR = "hour", "day", "sliding_hour"
HALF_HOUR_S = 1800
HALF_HOUR = timedelta(seconds=HALF_HOUR_S)
MANY_DAYS = 7
"""From so many days on a run is compiled."""


class HourlyDailyStats:
    """Keeps the table up to the minutes; one of it, called by one thread at a time."""

    def __init__(self, spark: SparkSession) -> None:
        self._spark = exact_session(spark)
        self._reached: int | None = None

    def run(self) -> int:
        """Compute the windows of the days that have new minutes, and return how many windows that were.

        Up to which revision of the minutes it is stands in the commit: a crash before or after changes nothing.
        """
        minutes = self._spark.table(BITCOIN_GOLD.full_name)
        newest = minutes.agg(F.max("revision")).collect()[0][0] or 0  # Iceberg's metadata say it
        reached = int(read_progress(self._spark, HOURLY_DAILY_STATS) or 0) if self._reached is None else self._reached
        self._reached = None  # if this fails, perhaps after its commit, the table has to say how far it is
        rows = self._update(minutes, reached, newest) if newest > reached else 0
        self._reached = newest
        return rows

    def _update(self, minutes: DataFrame, reached: int, newest: int) -> int:
        new = minutes.where(F.col("revision") > reached)
        days = new.select(F.date_trunc("day", "minute").cast(TIMESTAMP).alias("day")).distinct().collect()
        set_compiled(self._spark, len(days) > MANY_DAYS)
        touched = in_few(TimeRange(row["day"], row["day"] + timedelta(days=1)) for row in days)
        read = [TimeRange(part.start - HALF_HOUR, part.end + HALF_HOUR) for part in touched]
        starts = merged(TimeRange(part.start - HALF_HOUR, part.end) for part in touched)
        fresh = to_hourly_daily_stats(minutes.where(within("minute", merged(read)))).where(
            within("window_start", starts)
        )
        fresh = fresh.coalesce(1).localCheckpoint()
        known = self._spark.table(HOURLY_DAILY_STATS.full_name).where(in_partitions(HOURLY_DAILY_STATS, starts))
        kept = known.where(~within("window_start", starts)).select(*HOURLY_DAILY_STATS.column_names)
        overwrite_sorted(kept.unionByName(fresh).coalesce(1), HOURLY_DAILY_STATS, {PROGRESS: str(newest)})
        return fresh.count()


def to_hourly_daily_stats(minutes: DataFrame) -> DataFrame:
    """Compute the table's rows of every window that holds one of the candles.

    They are read once, to half hours, which all windows are made of.
    """
    return (
        minutes.transform(to_half_hours)
        .withColumn("part", F.explode(_windows()))
        .select("*", "part.window_kind", "part.window_start")
        .groupBy("product_id", "window_kind", "window_start")
        .agg(
            (F.sum("price_sum") / F.sum("minutes")).alias("avg_price"),
            F.min("min_price").alias("min_price"),
            F.max("max_price").alias("max_price"),
            F.sum("minutes").alias("minutes"),
        )
        .withColumn("window_end", F.col("window_start") + _length())
        .select(*HOURLY_DAILY_STATS.column_names)
    )


def to_half_hours(minutes: DataFrame) -> DataFrame:
    """Sum candles up by the half hour that starts at `half`, in seconds since 1970."""
    second = F.unix_micros(F.col("minute").cast("timestamp")) / F.lit(1_000_000)
    half = (F.floor(second / F.lit(HALF_HOUR_S)) * HALF_HOUR_S).cast("bigint")
    return minutes.groupBy("product_id", half.alias("half")).agg(
        F.sum(F.col("close").cast("double")).alias("price_sum"),
        F.min("low").alias("min_price"),
        F.max("high").alias("max_price"),
        F.count("*").alias("minutes"),
    )


def _windows() -> Column:
    """Return the windows that a half hour belongs to."""
    half = F.col("half")
    return F.array(
        _window(HOUR, half - half % 3600),
        _window(DAY, half - half % 86_400),
        _window(SLIDING_HOUR, half),
        _window(SLIDING_HOUR, half - HALF_HOUR_S),
    )


def _window(name: str, start: Column) -> Column:
    return F.struct(F.lit(name).alias("window_kind"), F.timestamp_seconds(start).cast(TIMESTAMP).alias("window_start"))


def _length() -> Column:
    return F.when(F.col("window_kind") == DAY, F.expr("INTERVAL '1' DAY")).otherwise(F.expr("INTERVAL '1' HOUR"))
