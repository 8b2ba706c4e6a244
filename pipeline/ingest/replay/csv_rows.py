"""Rows of a Kaggle minute CSV, plain or compressed, a block of lines at a time; blocks are split by Arrow."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import pyarrow as pa
from pyarrow import csv

from pipeline.errors import BadDataError
from pipeline.ingest.replay.rows import BadRow, Place, Rows
from pipeline.ingest.sources.csv_file import MAX_LINE_CHARS, read_fields, read_header
from pipeline.ingest.sources.csv_layouts import KAGGLE_LAYOUT
from pipeline.ingest.sources.observations import UnusableValueError

COMPRESSION = {".gz": "gzip", ".zst": "zstd"}
BLOCK_BYTES = 2 * 1024 * 1024
MAX_LINE_BYTES = 1024 * 1024  # of a longer line only so much is held


class _Block(NamedTuple):
    """Whole lines, and the offset of the byte after them."""

    data: bytes
    end: int


@dataclass(frozen=True)
class CsvRows:
    """A CSV file with the header of Kaggle's minute candles; `total` counts the file's bytes as they lie on disk."""

    path: Path
    total: int
    header_bytes: int
    width: int
    order: tuple[int, ...]  # where the layout's columns stand

    def blocks(self, place: Place, block_bytes: int = BLOCK_BYTES) -> Iterator[Rows]:
        """Yield the lines from a place on; line numbers count from 1, the header's."""
        number, offset = place.number or 1, place.offset or self.header_bytes
        with pa.OSFile(str(self.path)) as file, _uncompressed(self.path, file) as stream:
            _skip(stream, offset, block_bytes)
            begun = file.tell()
            for block in _line_blocks(stream, offset, block_bytes):
                lines = block.data.count(b"\n") + (not block.data.endswith(b"\n"))
                start, end = Place(number, offset), Place(number + lines, block.end)
                yield self._rows(block.data, start, end, (begun, done := file.tell()))
                number, offset, begun = end.number, end.offset, done

    def _rows(self, data: bytes, start: Place, end: Place, reach: tuple[int, int]) -> Rows:
        numbers: Sequence[int] = range(start.number + 1, end.number + 1)
        bad: list[BadRow] = []
        columns = self._split(data)
        if columns is None or len(columns[0]) != len(numbers):
            numbers, columns, bad = self._split_closely(data, start.number)
        time, *values = columns
        return Rows(start, end, *reach, pa.array(numbers, pa.int64()), time, tuple(values), bad)

    def _split(self, data: bytes) -> list[pa.StringArray] | None:
        """Return the layout's columns, None where a line is not as it should be."""
        names = [str(column) for column in range(self.width)]
        try:
            table = csv.read_csv(
                pa.BufferReader(data),
                csv.ReadOptions(use_threads=False, block_size=len(data) + 1, column_names=names),
                csv.ParseOptions(ignore_empty_lines=False),
                csv.ConvertOptions(
                    include_columns=[str(column) for column in self.order],
                    column_types=dict.fromkeys(names, pa.string()),
                ),
            )
        except pa.ArrowInvalid:
            return None
        return [column.combine_chunks() for column in table.columns]

    def _split_closely(self, data: bytes, before: int) -> tuple[list[int], list[pa.StringArray], list[BadRow]]:
        numbers, rows, bad = [], [], []
        for number, raw in enumerate(data.removesuffix(b"\n").split(b"\n"), start=before + 1):
            text = raw.decode(errors="replace").rstrip("\r")
            if not text.strip():
                continue
            try:
                rows.append(self._fields(text))
                numbers.append(number)
            except UnusableValueError as error:
                bad.append(BadRow(number, str(error), text[:MAX_LINE_CHARS]))
        columns = zip(*rows, strict=True) if rows else ((),) * len(self.order)
        return numbers, [pa.array(column, pa.string()) for column in columns], bad

    def _fields(self, text: str) -> list[str]:
        fields = read_fields(text, self.width)
        return [fields[column] for column in self.order]


def open_csv_rows(path: Path) -> CsvRows:
    """Look at a file's header.

    Raises:
        BadDataError: it is not the one of Kaggle's minute candles, or the file cannot be read.
    """
    try:
        with pa.OSFile(str(path)) as file, _uncompressed(path, file) as stream:
            total, data = file.size(), stream.read(MAX_LINE_BYTES)
    except OSError as error:
        raise BadDataError(str(path), f"the file cannot be read: {error}") from None
    raw, line_end, _ = data.partition(b"\n")
    header = read_header(raw)
    pick = KAGGLE_LAYOUT.picker(header)
    if pick is None:
        found = raw.decode("utf-8-sig", "replace").rstrip("\r")[:120]
        raise BadDataError(
            str(path), f"it begins with {found!r}; expected the header {','.join(KAGGLE_LAYOUT.columns)}"
        )
    order = tuple(int(column) for column in pick([str(column) for column in range(len(header))]))
    return CsvRows(path, total, len(raw) + len(line_end), len(header), order)


def _uncompressed(path: Path, file: pa.NativeFile) -> pa.NativeFile:
    compression = COMPRESSION.get(path.suffix.lower())
    return pa.CompressedInputStream(file, compression) if compression else file


def _skip(stream: pa.NativeFile, count: int, block_bytes: int) -> None:
    """Move `count` bytes on; what is compressed has to be read."""
    if stream.seekable():
        stream.seek(count)
        return
    while count and (data := stream.read(min(count, block_bytes))):
        count -= len(data)


def _line_blocks(stream: pa.NativeFile, offset: int, block_bytes: int) -> Iterator[_Block]:
    """Yield whole lines, the last one with or without a line end; of an endless line only the beginning is held."""
    rest, read = b"", offset
    pending = 0  # bytes of the line that is not complete yet
    while data := stream.read(block_bytes):
        read += len(data)
        cut = data.rfind(b"\n") + 1
        if cut:
            pending = len(data) - cut
            yield _Block(rest + data[:cut], read - pending)
            rest = data[cut:]
        else:
            pending += len(data)
            rest = (rest + data)[:MAX_LINE_BYTES]
    if rest:
        yield _Block(rest, read)
