"""From blocks of rows to pieces of records: what is sent at once, and the position that it leads to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.compute as pc

from pipeline.events.raw import DeadLetter
from pipeline.ingest.replay.event_text import EventText
from pipeline.ingest.replay.positions import Position
from pipeline.ingest.replay.rows import BadRow, Candles, Rows, read_candles
from pipeline.ingest.replay.sources import RowSource


@dataclass(frozen=True)
class Order:
    """What to replay: the label and product of the candles, and which of their minutes (aware, UTC; end excluded)."""

    origin: str  # what dead letters name beside the row's number
    source: str
    product_id: str
    start: datetime | None = None
    end: datetime | None = None


@dataclass(frozen=True)
class Piece:
    """Records in the order of their rows; once Kafka has them, `after` is the position."""

    candles: list[bytes]
    letters: list[bytes]
    after: Position
    done: int  # in the units of the source's total


def pieces(rows: RowSource, order: Order, position: Position, size: int | None = None) -> Iterator[Piece]:
    """Yield what follows a position, in pieces of `size` candles, or a whole block each."""
    text = EventText(order.source, order.product_id)
    close = position.place.close
    for block in rows.blocks(position.place):
        block = replace(block, start=block.start._replace(close=close))  # noqa: PLW2901 - the same block
        candles, bad, close = read_candles(block, datetime.now(UTC))
        wanted = candles.filter(_is_wanted(candles, order, position.done))
        bad = [row for row in bad if row.number > position.done]
        for part, letters, last in _cut(wanted, bad, block, size):
            position = replace(
                position,
                place=block.start,
                done=last,
                candles=position.candles + len(part.numbers),
                bad=position.bad + len(letters),
            )
            yield Piece(text.values(part), [_letter(order, row) for row in letters], position, block.done_at(last))
        position = replace(position, place=block.end._replace(close=close))


def _cut(
    candles: Candles, bad: list[BadRow], block: Rows, size: int | None
) -> Iterator[tuple[Candles, list[BadRow], int]]:
    """Yield runs of candles, each with the bad rows up to its end, and that row's number; the last has the rest."""
    count = len(candles.numbers)
    starts = range(0, max(count, 1), size or max(count, 1))
    for start in starts:
        part = candles.slice(start, size or count)
        last = block.end.number if start == starts[-1] else part.numbers[-1].as_py()
        letters = [row for row in bad if row.number <= last]
        bad = bad[len(letters) :]
        yield part, letters, last


def _is_wanted(candles: Candles, order: Order, done: int) -> pa.BooleanArray:
    mask = pc.greater(candles.numbers, done)
    if order.start is not None:
        mask = pc.and_(mask, pc.greater_equal(candles.minutes_s, int(order.start.timestamp())))
    if order.end is not None:
        mask = pc.and_(mask, pc.less(candles.minutes_s, int(order.end.timestamp())))
    return mask


def _letter(order: Order, row: BadRow) -> bytes:
    return DeadLetter(f"{order.origin}:{row.number}", row.reason, row.text).to_json()
