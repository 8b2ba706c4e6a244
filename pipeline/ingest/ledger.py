"""What Kafka has acknowledged, so that no day is fetched twice and a cut run goes on where it stopped.

A day is written down only after the broker's acknowledgement. A crash between the two publishes that day again; the
tables drop the second row by its key.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from pipeline.ingest.store import Store

log = logging.getLogger(__name__)

_ADD_DAY = """
    INSERT INTO days (coin, source, day, state) VALUES (?, ?, ?, ?)
    ON CONFLICT (coin, source, day) DO UPDATE SET state = excluded.state
"""
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

    def __init__(self, store: Store) -> None:
        self._store = store

    def adopt(self, identity: str) -> bool:
        """Bind the ledger to a Kafka (cluster id and topic id); forget everything if it was another one's.

        Return whether something was forgotten.
        """
        known = [row["identity"] for row in self._store.query("SELECT identity FROM kafka")]
        if known == [identity]:
            return False
        if known:
            log.warning(
                "Kafka is now %s, it was %s: its topics were made anew, so what was published before is forgotten "
                "and history will be fetched again",
                identity,
                known[0],
            )
        with self._store.transaction() as connection:
            for table in ("days", "imports", "kafka"):
                connection.execute(f"DELETE FROM {table}")  # noqa: S608 - our own three words
            connection.execute("INSERT INTO kafka (identity) VALUES (?)", (identity,))
        return bool(known)

    def published(self, coin: str, source: str) -> set[date]:
        """Return the days of the coin that came from this source and that Kafka has."""
        return self._days(coin, source, "published")

    def absent(self, coin: str, source: str) -> set[date]:
        """Return the days of the coin that this source was asked for and has no row of."""
        return self._days(coin, source, "absent")

    def add_published(self, coin: str, source: str, days: Iterable[date]) -> None:
        """Note days that Kafka has acknowledged; call it only after that."""
        self._add_days(coin, source, days, "published")

    def add_absent(self, coin: str, source: str, days: Iterable[date]) -> None:
        """Note days that the source has no row of and never will."""
        self._add_days(coin, source, days, "absent")

    def imported(self, sha256: str, coin: str) -> ImportMark:
        """Return how far a file's content has come for this coin."""
        rows = self._store.query("SELECT line, finished FROM imports WHERE sha256 = ? AND coin = ?", (sha256, coin))
        return ImportMark(rows[0]["line"], bool(rows[0]["finished"])) if rows else ImportMark()

    def add_imported(self, sha256: str, coin: str, mark: ImportMark) -> None:
        """Note how far a file's content has come; call it only after Kafka has acknowledged that much."""
        with self._store.transaction() as connection:
            connection.execute(_ADD_IMPORT, (sha256, coin, mark.line, int(mark.finished)))

    def _days(self, coin: str, source: str, state: str) -> set[date]:
        rows = self._store.query(
            "SELECT day FROM days WHERE coin = ? AND source = ? AND state = ?", (coin, source, state)
        )
        return {date.fromisoformat(row["day"]) for row in rows}

    def _add_days(self, coin: str, source: str, days: Iterable[date], state: str) -> None:
        with self._store.transaction() as connection:
            connection.executemany(_ADD_DAY, [(coin, source, day.isoformat(), state) for day in days])
