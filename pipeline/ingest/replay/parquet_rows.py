"""Rows of a Parquet file with the columns of Kaggle's minute CSV, a batch at a time."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
from pyarrow import parquet

from pipeline.errors import BadDataError
from pipeline.ingest.replay.rows import Place, Rows
from pipeline.ingest.sources.csv_layouts import KAGGLE_LAYOUT

BATCH_ROWS = 40_000


@dataclass(frozen=True)
class ParquetRows:
    """A Parquet file of minute candles; `total` counts its rows."""

    path: Path
    total: int
    columns: tuple[str, ...]  # in the layout's order

    def blocks(self, place: Place, batch_rows: int = BATCH_ROWS) -> Iterator[Rows]:
        """Yield the rows from a place on; row numbers count from 1."""
        number = place.number
        with parquet.ParquetFile(self.path, pre_buffer=False) as file:
            groups, skipped = _groups_from(file, number)
            for batch in file.iter_batches(
                batch_rows, row_groups=groups, columns=list(self.columns), use_threads=False
            ):
                rest = batch.slice(min(skipped, batch.num_rows))
                skipped -= batch.num_rows - rest.num_rows
                if not rest.num_rows:
                    continue
                end = number + rest.num_rows
                numbers = pa.array(range(number + 1, end + 1), pa.int64())
                time, *values = (rest.column(name) for name in self.columns)
                texts = tuple(_text(column) for column in values)
                yield Rows(Place(number), Place(end), number, end, numbers, _seconds_text(time), texts)
                number = end


def open_parquet_rows(path: Path) -> ParquetRows:
    """Look at a file's columns.

    Raises:
        BadDataError: they are not those of minute candles, or the file cannot be read.
    """
    try:
        with parquet.ParquetFile(path) as file:
            schema, rows = file.schema_arrow, file.metadata.num_rows
    except (OSError, pa.ArrowException) as error:
        raise BadDataError(str(path), f"the file cannot be read: {error}") from None
    pick = KAGGLE_LAYOUT.picker(schema.names)
    if pick is None:
        found, wanted = ", ".join(schema.names)[:120], ", ".join(KAGGLE_LAYOUT.columns)
        raise BadDataError(str(path), f"it has the columns {found}; expected {wanted}")
    return ParquetRows(path, rows, pick(schema.names))


def _groups_from(file: parquet.ParquetFile, rows: int) -> tuple[list[int], int]:
    """Return the row groups from a row on, and how many rows of the first of them lie before it."""
    first = 0
    while first < file.num_row_groups and rows >= file.metadata.row_group(first).num_rows:
        rows -= file.metadata.row_group(first).num_rows
        first += 1
    return list(range(first, file.num_row_groups)), rows


def _text(column: pa.Array) -> pa.StringArray:
    return pc.fill_null(pc.cast(column, pa.string()), "")


def _seconds_text(column: pa.Array) -> pa.StringArray:
    """Return seconds since 1970 as text; a float's would have an exponent."""
    if pa.types.is_timestamp(column.type):
        whole = pc.cast(pc.cast(column, pa.timestamp("s")), pa.int64())
    elif pa.types.is_floating(column.type):
        whole = pc.cast(column, pa.int64(), safe=False)
        is_whole = pc.and_(pc.is_finite(column), pc.equal(pc.cast(whole, column.type, safe=False), column))
        return pc.fill_null(pc.if_else(is_whole, pc.cast(whole, pa.string()), pc.cast(column, pa.string())), "")
    else:
        whole = column
    return _text(whole)
