"""Days and unbroken runs of days: what is asked of a source, and what is still missing."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from pipeline.ingest.sources.base import TimeRange

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, order=True)
class DaySpan:
    """An unbroken run of UTC days, `first` and `last` included."""

    first: date
    last: date

    def days(self) -> set[date]:
        """Return every day of the span; a reversed span has none."""
        return {self.first + ONE_DAY * index for index in range((self.last - self.first).days + 1)}

    def as_range(self) -> TimeRange:
        """Return the span as a stretch of time, from its first midnight to the one after its last day."""
        return TimeRange(_midnight(self.first), _midnight(self.last + ONE_DAY))

    def __str__(self) -> str:
        return str(self.first) if self.first == self.last else f"{self.first}..{self.last}"


def spans(days: Iterable[date]) -> list[DaySpan]:
    """Return the fewest spans that hold exactly these days, oldest first."""
    found: list[DaySpan] = []
    for day in sorted(set(days)):
        if found and found[-1].last + ONE_DAY == day:
            found[-1] = DaySpan(found[-1].first, day)
        else:
            found.append(DaySpan(day, day))
    return found


def describe(days: Iterable[date], limit: int = 5) -> str:
    """Return the days as words for a person: how many, and the spans, the largest first where there are many."""
    found = spans(days)
    count = sum((span.last - span.first).days + 1 for span in found)
    largest = sorted(found, key=lambda span: span.first - span.last)[:limit]
    named = ", ".join(str(span) for span in sorted(largest))
    rest = f" and {len(found) - limit} shorter spans" if len(found) > limit else ""
    return f"{count} day{'' if count == 1 else 's'}: {named}{rest}"


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), tzinfo=UTC)
