"""Ranges of minutes, and the partitions they lie in."""

from __future__ import annotations

from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.spark.replacing import whole_partitions
from pipeline.spark.time_ranges import HOUR, MAX_RANGES, MINUTE, TimeRange, by_day, cover, hour_of
from pipeline.stream.gold.price_stats import window_ends
from pipeline.stream.ops.coverage import touched_hours

DAY = datetime(2026, 1, 31)


def at(minute: int) -> datetime:
    return DAY + minute * MINUTE


@given(st.sets(st.integers(0, 1439), min_size=1))
def test_every_minute_is_covered_by_few_ranges_in_order(minutes: set[int]) -> None:
    ranges = cover([at(minute) for minute in minutes])
    assert len(ranges) <= MAX_RANGES
    assert all(any(part.start <= at(minute) < part.end for part in ranges) for minute in minutes)
    assert all(left.end < right.start for left, right in pairwise(ranges))
    if len(ranges) > 1:
        assert sum((part.end - part.start for part in ranges), timedelta()) == len(minutes) * MINUTE


def test_days_come_in_order_each_minute_once() -> None:
    assert by_day([at(1440), at(1), at(0), at(1)]) == [[at(0), at(1)], [at(1440)]]


@pytest.mark.parametrize(
    ("transform", "start", "end", "expected"),
    [
        ("days", at(5), at(6), TimeRange(at(0), at(1440))),
        ("days", at(1439), at(1441), TimeRange(at(0), at(2880))),
        ("days", at(0), at(1440), TimeRange(at(0), at(1440))),
        ("months", at(5), at(6), TimeRange(datetime(2026, 1, 1), datetime(2026, 2, 1))),
        ("months", at(5), at(1441), TimeRange(datetime(2026, 1, 1), datetime(2026, 3, 1))),
    ],
)
def test_whole_partitions_hold_the_range(transform: str, start: datetime, end: datetime, expected: TimeRange) -> None:
    assert whole_partitions(TimeRange(start, end), transform) == expected


def test_windows_end_up_to_an_hour_after_a_minute_but_not_in_the_future() -> None:
    touched = [TimeRange(at(10), at(11))]
    assert window_ends(touched, newest=at(500)) == (TimeRange(at(11), at(71)),)
    assert window_ends(touched, newest=at(10)) == (TimeRange(at(11), at(12)),)


def test_the_hour_before_is_counted_again() -> None:
    assert touched_hours([TimeRange(at(65), at(66))]) == TimeRange(at(0), at(120))
    assert touched_hours([TimeRange(at(60), at(120))]) == TimeRange(at(0), at(120))


def test_an_hour_starts_on_the_hour() -> None:
    assert hour_of(at(125) + timedelta(seconds=3, microseconds=4)) == DAY + 2 * HOUR
