"""ops.coverage: how many trades of each hour are there and how many are not, proven from the ids alone.

The ids of a product's trades are contiguous, so each hole in them is a missing trade. The holes are looked for in the
order of the ids, not of time: trades whose times lie the other way round than their ids, at an hour's edge as anywhere,
make no hole. A trade that is there counts in the hour of its own time, a missing one in the hour of the next higher id
that is there; the sums over the hours are exact. Nothing is expected before the first id that ever came.

A reset id sequence, or one wild id, does not count as a hole: where the next higher id was traded earlier, or more ids
are missing than the market can have traded in between, counting continues behind it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from functools import reduce

from pyspark.sql import Column, DataFrame, SparkSession, Window
from pyspark.sql import functions as F

from pipeline.spark.replacing import replace_rows
from pipeline.spark.time_ranges import HOUR, TimeRange, hour_of, hull, moment, within
from pipeline.stream.ops.id_runs import RUN_COLUMNS, to_runs
from pipeline.tables.model import TIMESTAMP
from pipeline.tables.ops import COVERAGE
from pipeline.tables.silver import CANDLES_1M

IDS_PER_MINUTE = 1_000_000  # no product trades faster
PRODUCT = ("source", "product_id")


@dataclass(frozen=True)
class ProductHour:
    """One row of the table: an hour of a product."""

    source: str
    product_id: str
    hour: datetime

    @property
    def range(self) -> TimeRange:
        """The hour as a range of time."""
        return TimeRange(self.hour, self.hour + HOUR)

    def matches(self) -> Column:
        """Match the row."""
        product = (F.col("source") == self.source) & (F.col("product_id") == self.product_id)
        return product & (F.col("hour") == moment(self.hour))


def run(candles: DataFrame, touched: Collection[TimeRange]) -> None:
    """Write the rows of the touched hours, of the hour before, and of the hours that are measured against them."""
    spark = candles.sparkSession
    hours = touched_hours(touched)
    following = next_hours(spark, hours.end)
    wanted = reduce(lambda left, right: left | right, (row.matches() for row in following), within("hour", [hours]))
    written = [hours, *(row.range for row in following)]
    before = hours.start - HOUR
    runs = to_runs(candles.where(within("minute", [TimeRange(before, hours.start), *written])))
    rows = to_coverage(runs.unionByName(last_ids(spark, before))).where(wanted)
    replace_rows(rows, COVERAGE, hull(written), wanted)


def stale_hours(spark: SparkSession) -> list[datetime]:
    """Return the hours whose rows do not count as many trades as the candles do."""
    there = spark.table(CANDLES_1M.full_name).groupBy(*PRODUCT, _hour()).agg(F.sum("trades").alias("there"))
    known = spark.table(COVERAGE.full_name).select(
        *PRODUCT, "hour", (F.col("received") + F.col("filled")).alias("known")
    )
    stale = there.join(known, on=[*PRODUCT, "hour"], how="left").where("known IS NULL OR known != there")
    return [row["hour"] for row in stale.select("hour").distinct().collect()]


def touched_hours(touched: Collection[TimeRange]) -> TimeRange:
    """Return the hours that change, and the one before: an id of its end may have come with a time just after it."""
    span = hull(touched)
    last = hour_of(span.end)
    return TimeRange(hour_of(span.start) - HOUR, last if last == span.end else last + HOUR)


def next_hours(spark: SparkSession, end: datetime) -> list[ProductHour]:
    """Return each product's first hour with trades from `end` on."""
    later = spark.table(COVERAGE.full_name).where(F.col("hour") >= moment(end))
    return [ProductHour(*row) for row in later.groupBy(*PRODUCT).agg(F.min("hour")).collect()]


def last_ids(spark: SparkSession, end: datetime) -> DataFrame:
    """Return the last ids of each product's newest two hours before the hour `end`, as runs of one trade each.

    The next id is measured against them. At an hour's edge the higher id may have the earlier time: that of the newest
    hour alone would make it a missing one. Where ids started again in between, either numbering keeps its last id.
    """
    newest_first = Window.partitionBy(*PRODUCT).orderBy(F.desc("hour"))
    earlier = spark.table(COVERAGE.full_name).where(F.col("hour") < moment(end))
    newest = earlier.withColumn("place", F.row_number().over(newest_first)).where("place <= 2")
    return newest.select(
        *PRODUCT,
        F.col("hour").alias("minute"),
        F.lit(1).cast("bigint").alias("trades"),
        F.lit(0).cast("bigint").alias("filled"),
        F.col("last_trade_id").alias("first_trade_id"),
        "last_trade_id",
    ).select(*RUN_COLUMNS)


def to_coverage(runs: DataFrame) -> DataFrame:
    """Count by hour what is there and what is missing; the missing of the earliest hour may lack what precedes it."""
    return (
        runs.transform(with_holes)
        .groupBy(*PRODUCT, _hour())
        .agg(
            (F.sum("trades") - F.sum("filled")).alias("received"),
            F.sum("filled").alias("filled"),
            F.sum("missing").alias("missing"),
            F.min("first_trade_id").alias("first_trade_id"),
            F.max("last_trade_id").alias("last_trade_id"),
        )
        .withColumn("expected", F.col("received") + F.col("filled") + F.col("missing"))
        .select(*COVERAGE.column_names)
    )


def with_holes(runs: DataFrame) -> DataFrame:
    """Add `missing`: how many ids are missing in a run and before it.

    Runs that overlap hold each other's missing ids, so they are counted together, at the latest of them.
    """
    by_id = Window.partitionBy(*PRODUCT).orderBy("first_trade_id", "last_trade_id")
    below = by_id.rowsBetween(Window.unboundedPreceding, -1)
    together = Window.partitionBy(*PRODUCT, "bunch")
    reach, first = F.col("reach"), F.col("first_trade_id")
    beyond = F.greatest(F.col("last_trade_id") - F.greatest(F.coalesce(reach, first - 1), first - 1), F.lit(0))
    return (
        runs.withColumn("reach", F.max("last_trade_id").over(below))
        .withColumn("reached", F.max_by("minute", "last_trade_id").over(below))
        .withColumn("bunch", F.sum(F.when(first <= reach, 0).otherwise(1)).over(by_id))
        .withColumn("hole", F.when(_is_hole(), first - reach - 1).otherwise(0) + beyond - F.col("trades"))
        .withColumn("place", F.row_number().over(together.orderBy(F.desc("minute"), "first_trade_id")))
        .withColumn("missing", F.when(F.col("place") == 1, F.sum("hole").over(together)).otherwise(0))
    )


def _hour() -> Column:
    return F.date_trunc("hour", "minute").cast(TIMESTAMP).alias("hour")


def _is_hole() -> Column:
    """Tell a jump in the ids from another numbering, by the time between: a minute's jitter may run backwards."""
    minutes = F.timestamp_diff("MINUTE", F.col("reached"), F.col("minute"))
    jump = F.col("first_trade_id") - F.col("reach") - 1
    return (jump > 0) & (minutes >= -1) & (jump <= (F.greatest(minutes, F.lit(0)) + 1) * IDS_PER_MINUTE)
