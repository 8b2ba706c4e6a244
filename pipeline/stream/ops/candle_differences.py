"""ops.candle_differences: candles computed from our trades against the exchange's own, a day after the other.

A day is compared once, some hours after its end, when fetched trades are there, too. Compared are the minutes between
the exchange's first and last candle of the day, from the time on from which we have trades of the product.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from functools import reduce

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from pipeline.ingest.sources.coinbase import NAME as COINBASE_CANDLES
from pipeline.markets import COINBASE, SIMULATOR
from pipeline.spark.appending import with_marks
from pipeline.spark.progress_mark import PROGRESS, read_progress
from pipeline.spark.time_ranges import TimeRange, within
from pipeline.tables.columns import OHLCV
from pipeline.tables.model import TIMESTAMP
from pipeline.tables.ops import CANDLE_DIFFERENCES
from pipeline.tables.silver import BITCOIN_DATA, CANDLES_1M

log = logging.getLogger(__name__)

DAY = timedelta(days=1)
SETTLED = timedelta(hours=3)  # after a day's end
MAX_DAYS = 31  # compared at a time
KEY = ["source", "product_id", "minute"]
VALUES = tuple(column.name for column in OHLCV)
THEIR_SOURCES = {COINBASE_CANDLES: COINBASE, SIMULATOR: SIMULATOR}
"""Whose candles are compared with whose trades."""
VOLUME_DECIMALS = 8  # the exchange gives no more, and its sums are rounded


class CandleCheck:
    """Compares the days that are over and were not compared yet."""

    def __init__(self, spark: SparkSession) -> None:
        self._spark = spark
        self._checked: datetime | None = None

    def run(self, now: datetime | None = None) -> int:
        """Compare them; return the number of differences. `now` is naive, UTC."""
        end = _midnight((now or datetime.now(UTC).replace(tzinfo=None)) - SETTLED)
        found = 0
        while (start := self._start()) is not None and start < end:
            days = TimeRange(start, min(end, start + MAX_DAYS * DAY))
            found += self._compare(days)
            self._checked = days.end
        return found

    def _start(self) -> datetime | None:
        """Return the first day that was not compared, None where the exchange's candles are not collected."""
        if self._checked is None:
            text = read_progress(self._spark, CANDLE_DIFFERENCES)
            if text is not None:
                self._checked = datetime.fromisoformat(text)
        if self._checked is None:
            first = self._theirs().agg(F.min("minute")).collect()[0][0]
            return None if first is None else _midnight(first)
        return self._checked

    def _compare(self, days: TimeRange) -> int:
        ours = self._spark.table(CANDLES_1M.full_name)
        rows = to_differences(ours, self._theirs(), days).coalesce(1).localCheckpoint()
        count = rows.count()
        with_marks(rows.writeTo(CANDLE_DIFFERENCES.full_name), {PROGRESS: days.end.isoformat()}).append()
        log.info("candles of %s to %s: %d differences from the exchange's", days.start.date(), days.end.date(), count)
        return count

    def _theirs(self) -> DataFrame:
        given = self._spark.table(BITCOIN_DATA.full_name)
        return given.where(F.col("source").isin(*THEIR_SOURCES) & ~F.col("is_filled"))


def to_differences(ours: DataFrame, theirs: DataFrame, days: TimeRange) -> DataFrame:
    """Return the table's rows for some whole days, from `candles_1m` and the exchange's rows of `bitcoin_data`."""
    since = ours.groupBy("source", "product_id").agg(F.min("minute").alias("since"))
    given = theirs.where(within("minute", [days])).withColumn("source", _our_source()).select(*KEY, *VALUES)
    given = given.join(since, on=["source", "product_id"], how="inner").where("minute >= since").drop("since")
    spans = given.groupBy("source", "product_id", _day()).agg(
        F.min("minute").alias("first"), F.max("minute").alias("last")
    )
    made = ours.where(within("minute", [days])).select(*KEY, *VALUES, _day())
    made = made.join(spans, on=["source", "product_id", "day"], how="inner").where("minute BETWEEN first AND last")
    both = made.alias("ours").join(given.alias("theirs"), on=KEY, how="full_outer")
    return (
        both.select(*KEY, F.explode(_differences()).alias("difference"))
        .select(*KEY, "difference.*")
        .withColumn("checked_at", F.current_timestamp().cast(TIMESTAMP))
        .select(*CANDLE_DIFFERENCES.column_names)
    )


def _differences() -> Column:
    """Return the fields that differ, as an array; one side's missing minute is shown by the other's close."""
    one_sided = F.col("ours.close").isNull() | F.col("theirs.close").isNull()
    fields = [F.when(~one_sided & _differs(name), _difference(name, name)) for name in VALUES]
    return F.filter(
        F.array(F.when(one_sided, _difference("minute", "close")), *fields), lambda found: found.isNotNull()
    )


def _difference(field: str, name: str) -> Column:
    ours, theirs = F.col(f"ours.{name}").alias("ours"), F.col(f"theirs.{name}").alias("theirs")
    return F.struct(F.lit(field).alias("field"), ours, theirs)


def _differs(name: str) -> Column:
    decimals = VOLUME_DECIMALS if name == "volume" else 18
    return F.round(F.col(f"ours.{name}"), decimals) != F.round(F.col(f"theirs.{name}"), decimals)


def _our_source() -> Column:
    whose = (F.when(F.col("source") == theirs, ours) for theirs, ours in THEIR_SOURCES.items())
    return reduce(F.coalesce, whose)


def _day() -> Column:
    return F.date_trunc("day", "minute").cast(TIMESTAMP).alias("day")


def _midnight(time: datetime) -> datetime:
    return time.replace(hour=0, minute=0, second=0, microsecond=0)
