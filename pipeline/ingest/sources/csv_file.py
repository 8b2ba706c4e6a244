"""Prices in a CSV file, read line by line in constant memory; one that cannot be read costs only itself."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import BinaryIO, NamedTuple

from pipeline.errors import BadDataError
from pipeline.events.coin_prices import PriceEvent
from pipeline.ingest.sources.base import Item
from pipeline.ingest.sources.csv_layouts import LAYOUTS, Layout, Values
from pipeline.ingest.sources.observations import UnusableValueError, observe

NAME = "csv_file"
MAX_LINE_CHARS = 10_000  # a row has about 100
READ_BYTES = 65_536  # of one line; more than 10,000 characters in any case


class CsvLine(NamedTuple):
    """What stands in one line: `number` counts from 1, the header's; `end` is the offset of the byte after the line."""

    number: int
    end: int
    item: Item


@dataclass(frozen=True)
class CsvFile:
    """A CSV file whose layout is known."""

    path: Path
    layout: Layout
    size_bytes: int
    width: int  # columns in the header
    pick: Callable[[Sequence[str]], Values]
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))

    def events(self, coin: str, start_line: int = 0) -> Iterator[CsvLine]:
        """Yield what each line after `start_line` says, in the file's order; blank lines are skipped.

        Give the number of the last line that is done as `start_line` to resume after an interruption. A last line
        without a line end counts like any other: if it was cut, its fields are too few or one of them is unreadable,
        except where the cut fell inside the last number, which nobody can see.
        """
        now = self.now()
        done = max(start_line, 1)  # the header
        with self.path.open("rb") as file:
            for number, raw in enumerate(_lines(file), start=1):
                if number > done and raw.strip():
                    yield CsvLine(number, file.tell(), self._item(coin, number, raw, now))

    def _item(self, coin: str, number: int, raw: bytes, now: datetime) -> Item:
        text = raw.decode(errors="replace").rstrip("\r\n")
        return observe(f"{self.layout.name}:line {number}", text, partial(self._event, coin, text, now))

    def _event(self, coin: str, text: str, now: datetime) -> PriceEvent:
        return self.layout.read(coin, self.pick(read_fields(text, self.width)), now)


def open_csv(path: Path) -> CsvFile:
    """Recognise the layout of a CSV file by its header.

    Raises:
        BadDataError: the file is empty, cannot be opened, or has another header.
    """
    try:
        with path.open("rb") as file:
            raw = file.readline(READ_BYTES)
        size = path.stat().st_size
    except OSError as error:
        raise BadDataError(NAME, f"{path}: {error.strerror}") from error
    if not size:
        raise BadDataError(NAME, f"{path} is empty; {_expected()}")
    header = read_header(raw)
    for layout in LAYOUTS:
        pick = layout.picker(header)
        if pick is not None:
            return CsvFile(path, layout, size, len(header), pick)
    found = raw.decode("utf-8-sig", "replace").rstrip("\r\n")[:120]
    raise BadDataError(NAME, f"{path} begins with {found!r}; {_expected()}")


def _lines(file: BinaryIO) -> Iterator[bytes]:
    """Yield the lines; of one that is longer than the limit only the beginning."""
    while raw := file.readline(READ_BYTES):
        rest = raw
        while len(rest) == READ_BYTES and not rest.endswith(b"\n"):
            rest = file.readline(READ_BYTES)
        yield raw


def read_header(raw: bytes) -> list[str]:
    """Return the fields of a file's first line; none where it is no text or its quotes do not match."""
    try:
        return split_fields(raw.decode("utf-8-sig").rstrip("\r\n"))
    except (UnicodeDecodeError, UnusableValueError):
        return []


def read_fields(text: str, width: int) -> list[str]:
    """Return the fields of a line, decoded with replacements, of which there must be `width`.

    Raises:
        UnusableValueError: the line is too long or not UTF-8, or has other fields.
    """
    if len(text) > MAX_LINE_CHARS:
        raise UnusableValueError(f"the line is longer than {MAX_LINE_CHARS:,} characters")
    if "\ufffd" in text:
        raise UnusableValueError("the line is not UTF-8")
    fields = split_fields(text)
    if len(fields) != width:
        raise UnusableValueError(f"{len(fields)} fields where the header has {width}")
    return fields


def split_fields(text: str) -> list[str]:
    """Split one line; a quoted field may hold commas, but no line end, or a stray quote would swallow the file."""
    if '"' not in text:
        return text.split(",")
    try:
        return next(csv.reader([text], strict=True))
    except csv.Error as error:
        raise UnusableValueError(f"the quotes do not match ({error})") from None


def _expected() -> str:
    return "expected one of the headers " + " or ".join(",".join(layout.columns) for layout in LAYOUTS)
