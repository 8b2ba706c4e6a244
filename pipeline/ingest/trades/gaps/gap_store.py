"""The ledger's SQLite file: the gaps, and up to which trade each product is accounted for."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import astuple
from datetime import datetime
from pathlib import Path

from pipeline.events.trades import GapState
from pipeline.ingest.store import Store, Value
from pipeline.ingest.trades.gaps.gap import Changes, Hole, SavedGap

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
_ADD_HOLE = """
    INSERT INTO holes (source, product_id, from_id, to_id, reason) VALUES (?, ?, ?, ?, ?)
    ON CONFLICT (source, product_id, from_id) DO UPDATE SET to_id = max(to_id, excluded.to_id)
"""
_TAKE_HOLE = "DELETE FROM holes WHERE source = ? AND product_id = ? AND from_id = ? AND to_id = ?"
_SAVE_BEGUN = "INSERT OR REPLACE INTO unchecked (source, product_id, first_id) VALUES (?, ?, ?)"
_CHECKED = "DELETE FROM unchecked WHERE source = ? AND product_id = ? AND first_id = ?"
_SAVE_MARK = "INSERT OR REPLACE INTO accounted (source, product_id, trade_id) VALUES (?, ?, ?)"


class GapStore:
    """The gaps of one source; others in the same file are left alone."""

    def __init__(self, path: Path, source: str) -> None:
        self._store = Store(path, SCHEMA)
        self._source = source
        self._add_missing_columns()

    def adopt(self, identity: str) -> bool:
        """Bind the file to a Kafka; if it was another one's, forget all marks and that any gap was told.

        Return whether that was so. A file without an identity is taken to be this Kafka's.
        """
        known = [row["identity"] for row in self._store.query("SELECT identity FROM kafka")]
        if known == [identity]:
            return False
        with self._store.transaction() as connection:
            connection.execute("DELETE FROM kafka")
            connection.execute("INSERT INTO kafka (identity, replaced) VALUES (?, ?)", (identity, int(bool(known))))
            if known:
                connection.execute("DELETE FROM accounted")
                connection.execute("DELETE FROM unchecked")
                connection.execute("UPDATE gaps SET told = 0")
        return bool(known)

    @property
    def was_replaced(self) -> bool:
        """Whether the file was once another Kafka's."""
        return any(row["replaced"] for row in self._store.query("SELECT replaced FROM kafka"))

    def unchecked(self) -> dict[str, int]:
        """Return the products whose trades below the first one watched were not looked for in the table, and that."""
        rows = self._store.query("SELECT product_id, first_id FROM unchecked WHERE source = ?", (self._source,))
        return {row["product_id"]: row["first_id"] for row in rows}

    def holes(self) -> list[Hole]:
        """Return what the table lacks and no gap covers yet."""
        sql = "SELECT * FROM holes WHERE source = ? ORDER BY product_id, from_id"
        rows = self._store.query(sql, (self._source,))
        return [Hole(row["product_id"], row["from_id"], row["to_id"], row["reason"]) for row in rows]

    def add_holes(self, holes: Iterable[Hole], checked: tuple[str, int] | None = None) -> None:
        """Hand holes over to the producer, this process or another; `checked` is a row of `unchecked` that is done."""
        with self._store.transaction() as connection:
            connection.executemany(_ADD_HOLE, [(self._source, *astuple(hole)) for hole in holes])
            if checked is not None:
                connection.execute(_CHECKED, (self._source, *checked))

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

    def save(self, changes: Changes, delivered: Iterable[bytes] = (), taken: Iterable[Hole] = ()) -> None:
        """Write down changes, which gap states Kafka has, and which holes became gaps among them; all or nothing."""
        marks = [(self._source, product, low) for product, low in changes.low_water.items()]
        with self._store.transaction() as connection:
            connection.executemany(_SAVE_GAP, [_row(gap) for gap in changes.gaps])
            connection.executemany(_SAVE_MARK, marks)
            connection.executemany(_SAVE_BEGUN, [(self._source, *begun) for begun in changes.begun.items()])
            connection.executemany(
                _TAKE_HOLE, [(self._source, hole.product_id, hole.from_id, hole.to_id) for hole in taken]
            )
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
