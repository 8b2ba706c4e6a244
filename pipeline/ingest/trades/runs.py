"""Sets of trade ids kept as runs: a gap of a million ids costs as much as a gap of one."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator

Run = tuple[int, int]
"""A stretch of ids, first and last, both included."""


class Runs:
    """A set of whole numbers as sorted runs that neither overlap nor touch; `total` counts the numbers."""

    __slots__ = ("_firsts", "_lasts", "total")

    def __init__(self, runs: Iterable[Run] = ()) -> None:
        self._firsts: list[int] = []
        self._lasts: list[int] = []
        self.total = 0
        for first, last in runs:
            self.add(first, last)

    def __bool__(self) -> bool:
        return bool(self._firsts)

    def __iter__(self) -> Iterator[Run]:
        """Yield the runs, lowest first."""
        return iter(list(zip(self._firsts, self._lasts, strict=True)))

    def __contains__(self, number: int) -> bool:
        at = bisect_right(self._firsts, number) - 1
        return at >= 0 and number <= self._lasts[at]

    def lowest(self) -> Run:
        """Return the lowest run; there must be one."""
        return self._firsts[0], self._lasts[0]

    def add(self, first: int, last: int) -> None:
        """Put a run in; what it overlaps or touches becomes one with it. An empty run (last < first) is nothing."""
        if last < first:
            return
        start, end = bisect_left(self._lasts, first - 1), bisect_right(self._firsts, last + 1)
        if start < end:
            first, last = min(first, self._firsts[start]), max(last, self._lasts[end - 1])
        self._replace(start, end, [(first, last)])

    def discard(self, first: int, last: int) -> int:
        """Take out what of a run is in; return how many numbers that were."""
        start, end = bisect_left(self._lasts, first), bisect_right(self._firsts, last)
        if start >= end or last < first:
            return 0
        before = self.total
        left, right = (self._firsts[start], first - 1), (last + 1, self._lasts[end - 1])
        self._replace(start, end, [run for run in (left, right) if run[0] <= run[1]])
        return before - self.total

    def within(self, first: int, last: int) -> list[Run]:
        """Return what of a run is in."""
        start, end = bisect_left(self._lasts, first), bisect_right(self._firsts, last)
        pieces = ((max(first, self._firsts[at]), min(last, self._lasts[at])) for at in range(start, end))
        return [piece for piece in pieces if piece[0] <= piece[1]]

    def lacking(self, first: int, last: int) -> list[Run]:
        """Return what of a run is not in."""
        missing, at = [], first
        for begin, end in self.within(first, last):
            if at < begin:
                missing.append((at, begin - 1))
            at = end + 1
        if at <= last:
            missing.append((at, last))
        return missing

    def without(self, other: Runs) -> Runs:
        """Return the numbers that are here and not in the other."""
        return Runs(piece for first, last in self for piece in other.lacking(first, last))

    def common(self, other: Runs) -> Runs:
        """Return the numbers that are in both."""
        return Runs(piece for first, last in self for piece in other.within(first, last))

    def _replace(self, start: int, end: int, runs: list[Run]) -> None:
        gone = sum(self._lasts[at] - self._firsts[at] + 1 for at in range(start, end))
        self._firsts[start:end] = [first for first, _ in runs]
        self._lasts[start:end] = [last for _, last in runs]
        self.total += sum(last - first + 1 for first, last in runs) - gone


def runs_of(numbers: Iterable[int]) -> Runs:
    """Return single numbers as runs."""
    return Runs((number, number) for number in numbers)
