"""Sets of trade ids kept as runs: ids are contiguous for each product, so that millions of them are a few runs."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator

Run = tuple[int, int]
"""The first and the last of consecutive ids, both included."""

FEW = 16  # runs are inserted one by one up to this many; more are merged in one pass over the set


class Runs:
    """A set of whole numbers as sorted runs that neither overlap nor touch; `total` counts the numbers."""

    __slots__ = ("_firsts", "_lasts", "total")

    def __init__(self, runs: Iterable[Run] = ()) -> None:
        self._firsts: list[int] = []
        self._lasts: list[int] = []
        self.total = 0
        self.update(runs)

    def __bool__(self) -> bool:
        return bool(self._firsts)

    def __iter__(self) -> Iterator[Run]:
        """Yield the runs, lowest first."""
        return iter(list(zip(self._firsts, self._lasts, strict=True)))

    def __contains__(self, number: int) -> bool:
        at = bisect_right(self._firsts, number) - 1
        return at >= 0 and number <= self._lasts[at]

    def __len__(self) -> int:
        """Count the runs; `total` counts the numbers."""
        return len(self._firsts)

    def lowest(self) -> Run:
        """Return the lowest run; there must be one."""
        return self._firsts[0], self._lasts[0]

    def add(self, first: int, last: int) -> None:
        """Add a run; runs that overlap or touch become one. An empty run (last < first) adds nothing."""
        if last < first:
            return
        start, end = bisect_left(self._lasts, first - 1), bisect_right(self._firsts, last + 1)
        if start < end:
            first, last = min(first, self._firsts[start]), max(last, self._lasts[end - 1])
        self._replace(start, end, [(first, last)])

    def update(self, runs: Iterable[Run]) -> None:
        """Add many runs, in any order: in one pass, where adding one by one would move the whole list each time."""
        added = [run for run in runs if run[0] <= run[1]]
        if len(added) <= FEW:
            for first, last in added:
                self.add(first, last)
            return
        merged = _merged(sorted([*self, *added]))
        self._firsts, self._lasts = [first for first, _ in merged], [last for _, last in merged]
        self.total = sum(last - first + 1 for first, last in merged)

    def discard(self, first: int, last: int) -> int:
        """Remove what of a run is in the set; return how many numbers that were."""
        start, end = bisect_left(self._lasts, first), bisect_right(self._firsts, last)
        if start >= end or last < first:
            return 0
        before = self.total
        left, right = (self._firsts[start], first - 1), (last + 1, self._lasts[end - 1])
        self._replace(start, end, [run for run in (left, right) if run[0] <= run[1]])
        return before - self.total

    def within(self, first: int, last: int) -> list[Run]:
        """Return what of a run is in the set."""
        start, end = bisect_left(self._lasts, first), bisect_right(self._firsts, last)
        pieces = ((max(first, self._firsts[at]), min(last, self._lasts[at])) for at in range(start, end))
        return [piece for piece in pieces if piece[0] <= piece[1]]

    def lacking(self, first: int, last: int) -> list[Run]:
        """Return what of a run is not in the set."""
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


def _merged(ordered: list[Run]) -> list[Run]:
    merged: list[Run] = []
    for first, last in ordered:
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = (merged[-1][0], max(merged[-1][1], last))
        else:
            merged.append((first, last))
    return merged


def runs_of(numbers: Iterable[int]) -> Runs:
    """Return single numbers as runs."""
    return Runs((number, number) for number in numbers)
