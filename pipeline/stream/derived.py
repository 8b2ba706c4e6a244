"""Keeping candles, statistics and coverage equal to the trades: every minute that gets a trade is recomputed.

So late and fetched trades correct what they belong to, and doing it again changes nothing.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from pyspark.sql import Row, SparkSession
from pyspark.sql import functions as F

from pipeline.spark.planning import exact_session, set_compiled
from pipeline.spark.time_ranges import HOUR, MINUTE, TimeRange, by_day, cover, hour_of, hull, merged, within
from pipeline.stream.gold import price_stats
from pipeline.stream.ops import coverage
from pipeline.stream.silver import candles_1m
from pipeline.tables.model import TIMESTAMP
from pipeline.tables.silver import CANDLES_1M, FACT_TRADES

COVERAGE_REST_S = 30.0  # counting takes a second of processor time, and the hours are not judged by the second

MANY_TRADES = 2_000
"""From here on a refresh is compiled. Its code holds the times that it is about, so that each refresh is new code to
Spark and to the JVM: for few trades, compiling it takes longer than interpreting it."""


class TradeTables:
    """Refreshes the three tables; one of it, called by one thread at a time."""

    def __init__(
        self,
        spark: SparkSession,
        *,
        coverage_rest_s: float = COVERAGE_REST_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._spark = exact_session(spark)
        self._newest: datetime | None = newest_minute(spark)
        self._uncounted = set(coverage.stale_hours(spark))  # a former process ended before it counted them
        self._coverage_rest_s = coverage_rest_s
        self._clock = clock
        self._count_from = clock()

    def refresh(self, minutes: Iterable[datetime], trades: int = MANY_TRADES) -> None:
        """Recompute what sums up the trades of these minutes (starts, naive UTC), a day at a time.

        `trades` is about how many of them are new. After an error, call it again with the same minutes. Call it without
        minutes where none was touched: coverage may still have to be counted.
        """
        set_compiled(self._spark, trades >= MANY_TRADES)
        for day in by_day(minutes):
            self._refresh_day(cover(day))
            self._uncounted.update(hour_of(minute) for minute in day)
        if self._uncounted and self._clock() >= self._count_from:
            self._count()

    def _refresh_day(self, touched: tuple[TimeRange, ...]) -> None:
        fresh = candles_1m.read_fresh(self._spark, touched)
        candles = candles_1m.updated(fresh, touched)
        last = hull(touched).end - MINUTE
        newest = last if self._newest is None else max(last, self._newest)
        price_stats.run(candles, merged([*touched, *self._passed(newest)]), newest)
        candles_1m.run(candles, touched)  # the last: by it `minutes_to_refresh` sees what is done
        self._newest = newest

    def _count(self) -> None:
        candles = self._spark.table(CANDLES_1M.full_name)
        for day in by_day(self._uncounted):
            coverage.run(candles, [TimeRange(hour, hour + HOUR) for hour in day])
        self._uncounted.clear()
        self._count_from = self._clock() + self._coverage_rest_s

    def _passed(self, newest: datetime) -> list[TimeRange]:
        """Return the minute that was the newest till now: windows that end later were not due yet."""
        if self._newest is None or newest == self._newest:
            return []
        return [TimeRange(self._newest, self._newest + MINUTE)]


def newest_minute(spark: SparkSession) -> datetime | None:
    """Return the newest candle's minute, read from the table's metadata; None where there is no candle."""
    newest: datetime | None = spark.table(CANDLES_1M.full_name).agg(F.max("minute")).collect()[0][0]
    return newest


def minutes_to_refresh(spark: SparkSession) -> list[datetime]:
    """Return the minutes whose candles do not hold as many trades as there are: what a crash left undone.

    Trades are only ever added, so that the same number means the same trades. Days with as many trades in both tables
    are skipped by metadata alone.
    """
    days = merged(TimeRange(row["day"], row["day"] + timedelta(days=1)) for row in _unequal_days(spark))
    if not days:
        return []
    counted = (
        spark.table(FACT_TRADES.full_name)
        .where(within("trade_time", days))
        .groupBy(F.date_trunc("minute", "trade_time").cast(TIMESTAMP).alias("minute"))
        .agg(F.count("*").alias("found"))
    )
    candles = spark.table(CANDLES_1M.full_name).where(within("minute", days))
    known = candles.groupBy("minute").agg(F.sum("trades").alias("known"))
    stale = counted.join(known, on="minute", how="left").where("known IS NULL OR known != found")
    return sorted(row["minute"] for row in stale.select("minute").collect())


def _unequal_days(spark: SparkSession) -> list[Row]:
    found = spark.table(f"{FACT_TRADES.full_name}.partitions").select(
        F.col("partition.trade_time_day").cast(TIMESTAMP).alias("day"), F.col("record_count").alias("found")
    )
    known = (
        spark.table(CANDLES_1M.full_name)
        .groupBy(F.date_trunc("day", "minute").cast(TIMESTAMP).alias("day"))
        .agg(F.sum("trades").alias("known"))
    )
    return found.join(known, on="day", how="left").where("known IS NULL OR known != found").select("day").collect()
