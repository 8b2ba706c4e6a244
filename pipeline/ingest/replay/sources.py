"""What can be replayed, by the kind of file."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from pipeline.errors import BadDataError
from pipeline.ingest.replay.csv_rows import COMPRESSION, open_csv_rows
from pipeline.ingest.replay.parquet_rows import open_parquet_rows
from pipeline.ingest.replay.rows import Place, Rows


class RowSource(Protocol):
    """Rows that can be read from any place on; `total` is what `Rows.done` counts up to."""

    @property
    def total(self) -> int:
        """How much there is in all."""
        ...

    def blocks(self, place: Place) -> Iterator[Rows]:
        """Yield the rows from a place on."""
        ...


def open_file(path: Path) -> RowSource:
    """Return a file's rows.

    Raises:
        BadDataError: its name, its header or its columns are none that we know.
    """
    suffixes = [suffix.lower() for suffix in path.suffixes]
    if suffixes[-1:] == [".parquet"]:
        return open_parquet_rows(path)
    if suffixes[-1:] == [".csv"] or (suffixes[-2:-1] == [".csv"] and suffixes[-1] in COMPRESSION):
        return open_csv_rows(path)
    raise BadDataError(str(path), "expected a name that ends in .csv, .csv.gz, .csv.zst or .parquet")


def content_hash(path: Path) -> str:
    """Return the SHA-256 of a file's content, by which it is known wherever it lies."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
