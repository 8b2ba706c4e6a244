"""A folder of JSON files: each appears as a whole, the oldest are deleted, and a log says when what happened."""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from logging.handlers import RotatingFileHandler
from pathlib import Path

from analysis.pyspark_api.market import Record

PATTERN = "prices-*.json"
HISTORY = "_history.log"  # Spark's file source skips names that begin with _ or a point
HISTORY_BYTES = 1_000_000  # and as much again in its predecessor
STALE_S = 3600  # a draft this old is that of a process that was killed


class PriceFiles:
    """The files of one producer; the newest `keep` of them stay."""

    def __init__(self, folder: Path, keep: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self._keep = keep
        self._draft = folder / f".{os.getpid()}.draft"
        self._history = RotatingFileHandler(folder / HISTORY, maxBytes=HISTORY_BYTES, backupCount=1, encoding="utf-8")
        for draft in folder.glob(".*.draft"):
            if time.time() - draft.stat().st_mtime > STALE_S:
                draft.unlink(missing_ok=True)

    def write(self, records: Sequence[Record]) -> Path:
        """Write a file of one record a line, named after the current time, UTC; return its path.

        Raises:
            ValueError: a number of a record is not finite.
            TypeError: a value of a record cannot be JSON.
        """
        lines = [json.dumps(record, default=_plain, allow_nan=False) for record in records]
        path = self.folder / PATTERN.replace("*", f"{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}")
        self._draft.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        self._draft.replace(path)
        self.note(f"wrote {path.name}, records: {len(records)}")
        self._prune()
        return path

    def note(self, words: str) -> None:
        """Add a line to the history."""
        line = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ} {words}"
        self._history.emit(logging.makeLogRecord({"msg": line, "levelno": logging.INFO}))

    def close(self) -> None:
        """Close the history."""
        self._history.close()

    def _prune(self) -> None:
        for old in sorted(self.folder.glob(PATTERN))[: -self._keep]:
            old.unlink(missing_ok=True)


def _plain(value: object) -> float | str:
    """Return what stands in JSON for a value that JSON has no type for."""
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} {value!r} cannot be written as JSON")
