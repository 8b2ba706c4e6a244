"""Time ranges in whole minutes: which parts of the trade tables are recomputed."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce
from itertools import groupby

from pyspark.sql import Column
from pyspark.sql import functions as F

from pipeline.tables.model import TIMESTAMP

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)
MAX_RANGES = 12  # a plan with many more conditions takes longer to make than what it saves in reading


@dataclass(frozen=True, order=True)
class TimeRange:
    """From `start` to `end`, which is not included; naive, UTC."""

    start: datetime
    end: datetime


def cover(minutes: Collection[datetime]) -> tuple[TimeRange, ...]:
    """Return ranges that hold all these minutes, in order: exactly these, or from first to last where they scatter."""
    ranges = merged(TimeRange(minute, minute + MINUTE) for minute in minutes)
    return few(ranges)


def few(ranges: tuple[TimeRange, ...]) -> tuple[TimeRange, ...]:
    """Return the ranges, or from first to last where a plan should not name as many."""
    return ranges if len(ranges) <= MAX_RANGES else (hull(ranges),)


def merged(ranges: Iterable[TimeRange]) -> tuple[TimeRange, ...]:
    """Return the same stretches in order, those that touch or overlap as one."""
    found: list[TimeRange] = []
    for part in sorted(ranges):
        if found and part.start <= found[-1].end:
            found[-1] = TimeRange(found[-1].start, max(found[-1].end, part.end))
        else:
            found.append(part)
    return tuple(found)


def hull(ranges: Collection[TimeRange]) -> TimeRange:
    """Return the one range from the first start to the last end."""
    return TimeRange(min(part.start for part in ranges), max(part.end for part in ranges))


def by_day(minutes: Iterable[datetime]) -> list[list[datetime]]:
    """Return the minutes of each UTC day, in order."""
    return [list(group) for _, group in groupby(sorted(set(minutes)), key=datetime.date)]


def within(column: str, ranges: Iterable[TimeRange]) -> Column:
    """Match times in the ranges; simple enough for Iceberg to skip days and files by it."""
    return reduce(lambda left, right: left | right, (_in(column, part) for part in ranges))


def hour_of(time: datetime) -> datetime:
    """Return the start of the hour."""
    return time.replace(minute=0, second=0, microsecond=0)


def moment(time: datetime) -> Column:
    """Return a naive UTC time as a constant; `F.lit` would read it in this process's own time zone."""
    return F.lit(time.isoformat()).cast(TIMESTAMP)


def _in(column: str, part: TimeRange) -> Column:
    return (F.col(column) >= moment(part.start)) & (F.col(column) < moment(part.end))
