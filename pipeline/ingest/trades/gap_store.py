"""The ledger's SQLite file: the gaps, and up to which trade each product is accounted for."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from pipeline.events.trades import GapState
from pipeline.ingest.store import Store, Value
from pipeline.ingest.trades.gap import SavedGap
from pipeline.ingest.trades.gaps import Changes

SCHEMA = Path(__file__).with_name("gap_store.sql")

_STATE = (
    "gap_id", "source", "product_id", "from_id", "to_id", "opened_at", "reason", "status", "filled", "lost",
    "closed_at", "note",
)  # fmt: skip
_COLUMNS = (*_STATE, "missing", "late", "why_lost")
_SAVE_GAP = f"INSERT OR REPLACE INTO gaps ({', '.join(_COLUMNS)}) VALUES ({', '.join('?' * len(_COLUMNS))})"  # noqa: S608 - our own words
_GAPS = """
    SELECT gaps.* FROM gaps LEFT JOIN accounted USING (source, product_id)
    WHERE source = ? AND (status = 'open' OR to_id > trade_id)
    ORDER BY opened_at, gap_id
"""
_UNTOLD = "SELECT * FROM gaps WHERE source = ? AND told = 0 ORDER BY opened_at, gap_id"
_DROP_OLD = "DELETE FROM gaps WHERE source = ? AND status != 'open' AND told = 1 AND closed_at < ?"
_SAVE_MARK = "INSERT OR REPLACE INTO accounted (source, product_id, trade_id) VALUES (?, ?, ?)"


class GapStore:
    """The gaps of one source; others in the same file are left alone."""

    def __init__(self, path: Path, source: str) -> None:
        self._store = Store(path, SCHEMA)
        self._source = source
        self._add_missing_columns()

    def low_water(self) -> dict[str, int]:
        """Return for each product the id up to which all trades are acknowledged or in a gap."""
        rows = self._store.query("SELECT product_id, trade_id FROM accounted WHERE source = ?", (self._source,))
        return {row["product_id"]: row["trade_id"] for row in rows}

    def gaps(self) -> list[SavedGap]:
        """Return the gaps that account for trades, oldest first: open, or above the product's mark."""
        return [_saved(row) for row in self._store.query(_GAPS, (self._source,))]

    def untold(self) -> list[GapState]:
        """Return the gaps whose present state Kafka has not acknowledged, oldest first."""
        return [_saved(row).state for row in self._store.query(_UNTOLD, (self._source,))]

    def save(self, changes: Changes, delivered: Iterable[bytes] = ()) -> None:
        """Write down changes, and the gap states that Kafka has acknowledged, all or nothing."""
        marks = [(self._source, product, low) for product, low in changes.low_water.items()]
        with self._store.transaction() as connection:
            connection.executemany(_SAVE_GAP, [_row(gap) for gap in changes.gaps])
            connection.executemany(_SAVE_MARK, marks)
            for value in delivered:
                _mark_told(connection, value)

    def drop_old(self, closed_before: datetime) -> int:
        """Delete gaps that were closed before a time and whose last state Kafka has; return how many."""
        with self._store.transaction() as connection:
            return connection.execute(_DROP_OLD, (self._source, closed_before.isoformat())).rowcount

    def close(self) -> None:
        """Close the file."""
        self._store.close()

    def _add_missing_columns(self) -> None:
        """Bring a file of an earlier version up to date; what it holds counts as not told, so it is sent once more."""
        if not any(row["name"] == "told" for row in self._store.query("PRAGMA table_info(gaps)")):
            with self._store.transaction() as connection:
                connection.execute("ALTER TABLE gaps ADD COLUMN told INTEGER NOT NULL DEFAULT 0")


def _mark_told(connection: sqlite3.Connection, value: bytes) -> None:
    """Note that Kafka has a gap's state, unless the gap has changed since."""
    gap_id = json.loads(value)["gap_id"]
    for row in connection.execute("SELECT * FROM gaps WHERE gap_id = ?", (gap_id,)).fetchall():
        if _saved(row).state.to_json() == value:
            connection.execute("UPDATE gaps SET told = 1 WHERE gap_id = ?", (gap_id,))


def _row(gap: SavedGap) -> list[Value]:
    values = [getattr(gap.state, name) for name in _STATE]
    plain: list[Value] = [value.isoformat() if isinstance(value, datetime) else value for value in values]
    return [*plain, json.dumps(gap.missing), gap.late, gap.why_lost]


def _saved(row: sqlite3.Row) -> SavedGap:
    values = {name: row[name] for name in _STATE}
    for name in ("opened_at", "closed_at"):
        values[name] = None if values[name] is None else datetime.fromisoformat(values[name])
    missing = tuple((first, last) for first, last in json.loads(row["missing"]))
    return SavedGap(GapState(**values), missing, row["late"], row["why_lost"])
