"""The ledger's SQLite file: the gaps, and up to which trade each product is accounted for."""

from __future__ import annotations

import json
import sqlite3
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
    WHERE source = ? AND (status = 'open' OR closed_at >= ? OR to_id > trade_id)
    ORDER BY opened_at, gap_id
"""
_SAVE_MARK = "INSERT OR REPLACE INTO accounted (source, product_id, trade_id) VALUES (?, ?, ?)"


class GapStore:
    """The gaps of one source; others in the same file are left alone."""

    def __init__(self, path: Path, source: str) -> None:
        self._store = Store(path, SCHEMA)
        self._source = source

    def low_water(self) -> dict[str, int]:
        """Return for each product the id up to which all trades are acknowledged or in a gap."""
        rows = self._store.query("SELECT product_id, trade_id FROM accounted WHERE source = ?", (self._source,))
        return {row["product_id"]: row["trade_id"] for row in rows}

    def gaps(self, closed_since: datetime) -> list[SavedGap]:
        """Return the gaps that still matter, oldest first: open, closed lately, or above the product's mark."""
        rows = self._store.query(_GAPS, (self._source, closed_since.isoformat()))
        return [_saved(row) for row in rows]

    def save(self, changes: Changes) -> None:
        """Write down changes, all or nothing."""
        marks = [(self._source, product, low) for product, low in changes.low_water.items()]
        with self._store.transaction() as connection:
            connection.executemany(_SAVE_GAP, [_row(gap) for gap in changes.gaps])
            connection.executemany(_SAVE_MARK, marks)

    def close(self) -> None:
        """Close the file."""
        self._store.close()


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
