"""The candles just outside of some ranges of time: those before, which a computation needs, and those after.

A day is searched first: usually the neighbour is there, and the rest of the table is not read.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from pipeline.spark.time_ranges import MINUTE, TimeRange, merged, within
from pipeline.stream.gold.bitcoin_candles import COLUMNS, SERIES
from pipeline.stream.gold.bitcoin_gold_data import REACH

DAY = timedelta(days=1)
BEGINNING, END = datetime.fromisoformat("1970-01-01"), datetime.fromisoformat("9999-01-01")

Place = tuple[object, ...]
"""A series, and the number of a range."""


def with_followers(candles: DataFrame, ranges: Sequence[TimeRange]) -> tuple[TimeRange, ...]:
    """Return the ranges and, behind each, the minute of every series' next candle, whose `missing_before` may change.

    The ranges are in order and do not touch.
    """
    if not ranges:
        return ()
    starts = [part.start for part in ranges[1:]] + [END]
    near = [TimeRange(part.end, min(part.end + DAY, start)) for part, start in zip(ranges, starts, strict=True)]
    far = [TimeRange(part.end, start) for part, start in zip(near, starts, strict=True)]
    there = _first_minutes(candles, ranges).keys()
    found = _first_minutes(candles, near)
    if missing := {place[:-1] for place in there if place not in found and far[_range(place)].start < END}:
        found = _first_minutes(candles.where(_is_one_of(missing)), far) | found
    minutes = {minute for place, minute in found.items() if place in there}
    return merged([*ranges, *(TimeRange(minute, minute + MINUTE) for minute in minutes)])


@dataclass(frozen=True)
class Region:
    """The candles of some ranges and what is needed of those before; whether no product has two series of them."""

    candles: DataFrame
    is_one_series: bool


def with_look_back(candles: DataFrame, ranges: Sequence[TimeRange]) -> Region:
    """Return the candles in the ranges, those of the look-back before, and each series' last one before that.

    A series that begins while this is called is left out: its candles are new to the next run.
    """
    regions = merged(TimeRange(part.start - REACH, part.end) for part in ranges)
    ends = [BEGINNING] + [part.end for part in regions[:-1]]
    near = [TimeRange(max(end, part.start - DAY), part.start) for part, end in zip(regions, ends, strict=True)]
    far = [TimeRange(end, part.start) for part, end in zip(near, ends, strict=True)]
    firsts = _first_minutes(candles, regions)
    series = {place[:-1] for place in firsts}
    rows = candles.where(within("minute", regions)).where(_is_one_of(series))
    wanted = {place for place, minute in firsts.items() if minute >= regions[_range(place)].start + REACH}
    for gaps in (near, far):
        if wanted:
            before = candles.where(_is_one_of({place[:-1] for place in wanted}))
            last = _last_candles(before, gaps).localCheckpoint()
            rows = rows.unionByName(last.select("candle.*").select(*COLUMNS))
            wanted -= {tuple(row) for row in last.select(*SERIES, "range").collect()}
    return Region(rows, is_one_series=len(series) == len({product for *_, product in series}))


def _is_one_of(series: Iterable[Place]) -> Column:
    found = F.lit(False)
    for rank, source, product in series:
        found |= (F.col("rank") == rank) & (F.col("source") == source) & (F.col("product_id") == product)
    return found


def _range(place: Place) -> int:
    return int(str(place[-1]))


def _first_minutes(candles: DataFrame, ranges: Sequence[TimeRange]) -> dict[Place, datetime]:
    first = _numbered(candles, ranges).groupBy(*SERIES, "range").agg(F.min("minute").alias("first")).collect()
    return {tuple(row)[:-1]: row["first"] for row in first}


def _last_candles(candles: DataFrame, ranges: Sequence[TimeRange]) -> DataFrame:
    candle = F.max_by(F.struct(*COLUMNS), F.col("minute")).alias("candle")
    return _numbered(candles, ranges).groupBy(*SERIES, "range").agg(candle)


def _numbered(candles: DataFrame, ranges: Sequence[TimeRange]) -> DataFrame:
    """Keep the candles in the ranges and add which one, as `range`."""
    number: Column = F.lit(None).cast("int")
    for place, part in enumerate(ranges):
        number = F.when(within("minute", [part]), place).otherwise(number)
    return candles.where(within("minute", ranges)).withColumn("range", number)
