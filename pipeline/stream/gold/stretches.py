"""Stretches of a product's seconds: what a batch changed, cut into parts that fit in memory."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

Product = tuple[str, str]
"""Source and product_id."""

PIECE = timedelta(hours=1)
PART = timedelta(hours=28)  # of all products together: at most 100,000 seconds are read at once, about 50 MB
PART_SPAN = timedelta(days=1)  # of the table: a read's files lie within it


@dataclass(frozen=True)
class Stretch:
    """A product's seconds from `start` to `end`, both included; naive, UTC."""

    start: datetime
    end: datetime
    product: Product

    def widened(self, before: timedelta, after: timedelta) -> Stretch:
        """Return a stretch that is longer at both ends."""
        return Stretch(self.start - before, self.end + after, self.product)


def around(product: Product, seconds: Collection[datetime], after: timedelta) -> list[Stretch]:
    """Return, in order, the stretches from each second to `after` it; those that overlap are one."""
    found: list[Stretch] = []
    for second in sorted(seconds):
        if found and second <= found[-1].end:
            found[-1] = Stretch(found[-1].start, second + after, product)
        else:
            found.append(Stretch(second, second + after, product))
    return found


def pieces(stretches: Iterable[Stretch]) -> list[Stretch]:
    """Cut stretches into pieces of an hour at most; return them in the order of time."""
    found = []
    for stretch in stretches:
        start = stretch.start
        while start <= stretch.end:
            end = min(start + PIECE, stretch.end)
            found.append(Stretch(start, end, stretch.product))
            start = end + timedelta(seconds=1)
    return sorted(found, key=lambda piece: (piece.start, piece.product))


def parts(ordered: Iterable[Stretch]) -> Iterator[list[Stretch]]:
    """Group pieces to parts that neither hold more than PART nor span more than PART_SPAN."""
    part: list[Stretch] = []
    length = timedelta(0)
    for piece in ordered:
        long = piece.end - piece.start
        if part and (length + long > PART or piece.end - part[0].start > PART_SPAN):
            yield part
            part, length = [], timedelta(0)
        part.append(piece)
        length += long
    if part:
        yield part
