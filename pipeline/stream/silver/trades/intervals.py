"""Sets of trade ids as sorted, disjoint runs: ids are contiguous for each product, so that millions are a few runs."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator

Run = tuple[int, int]
"""The first and the last of consecutive ids, both included."""

MASK_BITS = 64


class IdSet:
    """A set of whole numbers, kept as runs."""

    def __init__(self, runs: Iterable[Run] = ()) -> None:
        self._firsts: list[int] = []
        self._lasts: list[int] = []
        for first, last in runs:
            self.add(first, last)

    def __iter__(self) -> Iterator[Run]:
        return zip(self._firsts, self._lasts, strict=True)

    def __len__(self) -> int:
        return sum(last - first + 1 for first, last in self)

    def add(self, first: int, last: int) -> None:
        """Add a run; runs that touch become one."""
        low = bisect_left(self._lasts, first - 1)
        high = bisect_right(self._firsts, last + 1)
        if low < high:
            first, last = min(first, self._firsts[low]), max(last, self._lasts[high - 1])
        self._firsts[low:high] = [first]
        self._lasts[low:high] = [last]

    def common(self, first: int, last: int) -> list[Run]:
        """Return the parts of a run that are in the set."""
        low = bisect_left(self._lasts, first)
        high = bisect_right(self._firsts, last)
        return [(max(first, self._firsts[i]), min(last, self._lasts[i])) for i in range(low, high)]


def runs_of_mask(bucket: int, mask: int) -> list[Run]:
    """Return the runs of ids whose bits are set: bit n of bucket b stands for the id 64 b + n.

    `mask` may be negative: Spark's numbers are signed.
    """
    base, bits = bucket * MASK_BITS, mask % (1 << MASK_BITS)
    runs = []
    while bits:
        first = (bits & -bits).bit_length() - 1
        filled = bits + (1 << first)  # carries through the run that starts at `first`
        length = (filled & -filled).bit_length() - 1 - first
        runs.append((base + first, base + first + length - 1))
        bits &= ~(((1 << length) - 1) << first)
    return runs
