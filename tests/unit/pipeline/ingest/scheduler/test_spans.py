from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from pipeline.ingest.scheduler.spans import DaySpan, describe, spans

DAYS = st.sets(st.dates(date(2013, 1, 1), date(2013, 3, 1)))


@given(DAYS)
def test_spans_hold_exactly_the_days_and_never_touch(days):
    found = spans(days)
    assert set().union(*(span.days() for span in found)) == days
    for left, right in pairwise(found):
        assert right.first - left.last > timedelta(days=1)  # else they would be one span


@given(DAYS, DAYS)
def test_what_is_missing_and_what_is_there_make_up_the_whole(wanted, there):
    missing = set().union(*(span.days() for span in spans(wanted - there)))
    assert missing | (wanted & there) == wanted
    assert not missing & there


def test_a_span_ends_at_the_midnight_after_its_last_day():
    asked = DaySpan(date(2013, 4, 28), date(2013, 4, 29)).as_range()
    assert asked.start == datetime(2013, 4, 28, tzinfo=UTC)
    assert asked.end == datetime(2013, 4, 30, tzinfo=UTC)


def test_a_reversed_span_has_no_days():
    assert DaySpan(date(2013, 4, 29), date(2013, 4, 28)).days() == set()


def test_spans_of_nothing():
    assert spans([]) == []


def test_days_are_described_by_count_and_largest_spans():
    days = [date(2013, 1, 1), date(2013, 1, 2), date(2013, 1, 5)]
    assert describe(days) == "3 days: 2013-01-01..2013-01-02, 2013-01-05"
    assert describe(days[:1]) == "1 day: 2013-01-01"
    assert describe(days, limit=1) == "3 days: 2013-01-01..2013-01-02 and 1 shorter spans"
