"""What Kafka has acknowledged, so that no day is fetched twice and an interrupted run resumes where it stopped.

A day is written down only after the broker's acknowledgement. A crash between the two publishes that day again; the
tables drop the second row by its key.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from pipeline.ingest.store import Store

log = logging.getLogger(__name__)

AGREE_AFTER = timedelta(days=1)  # between two answers that prove that a source lacks a day
FILES = "csv"  # how the names of sources begin that are files

_ADD_DAY = """
    INSERT INTO days (coin, source, day, state) VALUES (?, ?, ?, ?)
    ON CONFLICT (coin, source, day) DO UPDATE SET state = excluded.state
"""
_ADD_LACKING = "INSERT OR IGNORE INTO lacking (coin, source, day, first_at) VALUES (?, ?, ?, ?)"
_LACKED_LONG = "SELECT day FROM lacking WHERE coin = ? AND source = ? AND first_at <= ?"
_FORGET_LACKING = "DELETE FROM lacking WHERE coin = ? AND source = ? AND day = ?"
_ADD_IMPORT = """
    INSERT INTO imports (sha256, coin, line, finished) VALUES (?, ?, ?, ?)
    ON CONFLICT (sha256, coin) DO UPDATE SET line = excluded.line, finished = excluded.finished
"""


@dataclass(frozen=True)
class ImportMark:
    """How far a CSV file's content has come: the last line acknowledged, and whether that was the end."""

    line: int = 0
    finished: bool = False


class Ledger:
    """Days published for each coin and source, and how far each CSV file has come."""

    def __init__(self, store: Store, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self._store, self._now = store, now

    def adopt(self, identity: str) -> bool:
        """Bind the ledger to a Kafka (cluster id and topic id); forget everything if it was another one's.

        Return whether something was forgotten.
        """
        known = [row["identity"] for row in self._store.query("SELECT identity FROM kafka")]
        if known == [identity]:
            return False
        if known:
            log.warning(
                "Kafka is now %s, it was %s: its topics were recreated, so what was published before is forgotten "
                "and history will be fetched again",
                identity,
                known[0],
            )
        with self._store.transaction() as connection:
            for table in ("days", "lacking", "imports", "kafka"):
                connection.execute(f"DELETE FROM {table}")  # noqa: S608 - our own words
            connection.execute("INSERT INTO kafka (identity) VALUES (?)", (identity,))
        return bool(known)

    def published(self, coin: str, source: str) -> set[date]:
        """Return the days of the coin that came from this source and that Kafka has."""
        return self._days(coin, source, "published")

    def absent(self, coin: str, source: str) -> set[date]:
        """Return the days of the coin that two answers of this source had no row of."""
        return self._days(coin, source, "absent")

    def add_published(self, coin: str, source: str, days: Iterable[date]) -> None:
        """Note days that Kafka has acknowledged; call it only after that."""
        rows = [(coin, source, day.isoformat()) for day in days]
        with self._store.transaction() as connection:
            connection.executemany(_ADD_DAY, [(*row, "published") for row in rows])
            connection.executemany(_FORGET_LACKING, rows)

    def add_lacking(self, coin: str, source: str, days: Iterable[date]) -> None:
        """Note days that an answer of the source has no row of; a second one, a day or more later, makes them absent.

        One answer proves nothing: a market with a fault answers 200 and an empty list as well.
        """
        now, asked = self._now(), {day.isoformat() for day in days}
        with self._store.transaction() as connection:
            connection.executemany(_ADD_LACKING, [(coin, source, day, now.isoformat()) for day in sorted(asked)])
            rows = connection.execute(_LACKED_LONG, (coin, source, (now - AGREE_AFTER).isoformat())).fetchall()
            agreed = [(coin, source, row["day"]) for row in rows if row["day"] in asked]
            connection.executemany(_ADD_DAY, [(*day, "absent") for day in agreed])
            connection.executemany(_FORGET_LACKING, agreed)

    def imported(self, sha256: str, coin: str) -> ImportMark:
        """Return how far a file's content has come for this coin."""
        rows = self._store.query("SELECT line, finished FROM imports WHERE sha256 = ? AND coin = ?", (sha256, coin))
        return ImportMark(rows[0]["line"], bool(rows[0]["finished"])) if rows else ImportMark()

    def add_imported(self, sha256: str, coin: str, mark: ImportMark) -> None:
        """Note how far a file's content has come; call it only after Kafka has acknowledged that much."""
        with self._store.transaction() as connection:
            connection.execute(_ADD_IMPORT, (sha256, coin, mark.line, int(mark.finished)))

    def forget(self, source: str, coin: str | None) -> int:
        """Forget what came from a source, of one coin or (None) of all, so that it can be loaded again.

        Files are not known by their layout: for a source of files, every file of the coin is forgotten. Return how
        many days and files that was.
        """
        of_coin, values = ("", ()) if coin is None else (" AND coin = ?", (coin,))
        with self._store.transaction() as connection:
            days = connection.execute(f"DELETE FROM days WHERE source = ?{of_coin}", (source, *values)).rowcount  # noqa: S608 - our own words
            if not source.startswith(FILES):
                return days
            return days + connection.execute(f"DELETE FROM imports WHERE true{of_coin}", values).rowcount  # noqa: S608 - as above

    def _days(self, coin: str, source: str, state: str) -> set[date]:
        rows = self._store.query(
            "SELECT day FROM days WHERE coin = ? AND source = ? AND state = ?", (coin, source, state)
        )
        return {date.fromisoformat(row["day"]) for row in rows}
