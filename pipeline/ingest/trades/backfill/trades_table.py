"""What the table of trades lacks, as Presto sees it: asked when the ledger of gaps cannot know."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pipeline.id_ranges import Runs
from pipeline.presto import Presto

SQL = Path(__file__).with_name("sql")
HOUR = timedelta(hours=1)
LONGEST_STRETCH = timedelta(hours=24)  # of one statement, so that Presto sorts no more than a day of a product's trades
SETTLED = timedelta(minutes=5)  # a newer hole may close by itself: its trades are on their way


@dataclass(frozen=True)
class Stretch:
    """Hours of a product that lie close together: when the first begins and the last ends, UTC, and what they lack."""

    start: datetime
    end: datetime
    missing: int


class TradesTable:
    """Asks Presto about the trades of one source; every call raises what `Presto.rows` raises."""

    def __init__(self, presto: Presto, source: str) -> None:
        self._presto, self._source = presto, source

    def incomplete(self) -> dict[str, list[Stretch]]:
        """Return for each product in the table where trades are missing, oldest first; the last ends the table."""
        by_product: defaultdict[str, list[Stretch]] = defaultdict(list)
        for product, hour, missing in self._rows("incomplete_hours", self._source, self._source):
            start = datetime.fromisoformat(hour)
            _append(by_product[product], Stretch(start, start + HOUR, missing))
        return dict(by_product)

    def holes(self, product: str, stretch: Stretch, watched_from: int | None = None) -> Runs:
        """Return the ids that are missing in a stretch; with `watched_from`, also those up to that id of now."""
        now = datetime.now(UTC).replace(tzinfo=None)  # as all times here
        start = _text(stretch.start - HOUR)
        end = now + HOUR if watched_from is not None else min(stretch.end + HOUR, now - SETTLED)
        beyond = None if watched_from is None else _text(now)
        key = (self._source, product)
        rows = self._rows("table_holes", *key, start, _text(end), *key, start, watched_from, beyond)
        return Runs((first, last) for first, last in rows if watched_from is None or last < watched_from)

    def lost(self, product: str, holes: Runs) -> Runs:
        """Return those of the holes that gaps account for as lost: no more of a gap are missing than it gave up."""
        explained = Runs()
        for first, last, lost in self._rows("lost_trades", self._source, product):
            within = Runs(holes.within(first, last))
            if within.total <= lost:
                for run in within:
                    explained.add(*run)
        return explained

    def _rows(self, name: str, *values: object) -> list[list[Any]]:
        return self._presto.rows((SQL / f"{name}.sql").read_text(encoding="utf-8"), values)


def _append(stretches: list[Stretch], new: Stretch) -> None:
    """Add an hour, to the last stretch if it is near."""
    if stretches:
        last = stretches[-1]
        if new.start - last.end <= HOUR and new.end - last.start <= LONGEST_STRETCH:
            stretches[-1] = Stretch(last.start, max(last.end, new.end), last.missing + new.missing)
            return
    stretches.append(new)


def _text(moment: datetime) -> str:
    """Return a time as Presto reads it; it knows milliseconds."""
    return moment.isoformat(sep=" ", timespec="milliseconds")
