"""How many trades of a product were made by when: rates over time, in whole numbers: both ways agree exactly."""

from __future__ import annotations

import threading
from dataclasses import dataclass

SLOWEST = 1e-6  # trades/s; less counts as none


@dataclass(frozen=True)
class Segment:
    """From `start_us` on, a trade each `step_ns`, the first one after `first_ns`; none if it is 0, none beyond `end_n`.

    Trades are counted from 0; `start_n` were made before. Times are microseconds since 1970.
    """

    start_us: int
    start_n: int
    step_ns: int = 0
    first_ns: int = 0
    end_n: int | None = None

    def made(self, time_us: int) -> int:
        """Return how many trades were generated up to a time, itself included, those before this segment included."""
        if not self.step_ns or time_us < self.start_us:
            return self.start_n
        since_ns = (time_us - self.start_us + 1) * 1000 - 1
        made = self.start_n + (since_ns - self.first_ns) // self.step_ns + 1
        return made if self.end_n is None else min(made, self.end_n)

    def time_us(self, n: int) -> int:
        """Return when trade n was made."""
        return self.start_us + (self.first_ns + (n - self.start_n) * self.step_ns) // 1000


class Pace:
    """The segments of one product, oldest first; the first trade, number 0, was made when the exchange opened."""

    def __init__(self, opened_us: int, segments: tuple[Segment, ...] = ()) -> None:
        self.opened_us = opened_us
        self.segments = segments or (Segment(opened_us, 1),)
        self._told_us = opened_us - 1  # the latest time that was asked about
        self._lock = threading.Lock()

    def change(self, at_us: int, rate: float, *, trades: int | None = None, first: float = 1) -> None:
        """Make `rate` trades a second from a time on, `trades` of them at most; the first after that share of a step.

        Where somebody was told already of a later time, the change comes right after that one.
        """
        step_ns = round(1e9 / rate) if rate > SLOWEST else 0
        with self._lock:
            at_us = max(at_us, self._told_us + 1, self.segments[-1].start_us)
            made = self._made(at_us)
            end_n = None if trades is None else made + trades
            started = Segment(at_us, made, step_ns, round(step_ns * first), end_n)
            self.segments = (*self.segments, started)  # readers in other threads see the old ones or the new

    def made(self, time_us: int) -> int:
        """Return how many trades were generated up to a time."""
        with self._lock:
            self._told_us = max(self._told_us, time_us)
            return self._made(time_us)

    def _made(self, time_us: int) -> int:
        for segment in reversed(self.segments):
            if segment.start_us <= time_us:
                return segment.made(time_us)
        return self.segments[0].start_n

    def time_us(self, n: int) -> int:
        """Return when trade n was, or will be, made; it stays so as long as the rate does."""
        for segment in reversed(self.segments):
            if segment.start_n <= n:
                return segment.time_us(n)
        return self.opened_us

    def next_us(self, time_us: int) -> int | None:
        """Return when the next trade after a time is made, or None while there is none to come."""
        made = self.made(time_us)
        newest = self.segments[-1]
        coming = newest.step_ns and (newest.end_n is None or made < newest.end_n)
        return newest.time_us(made) if coming else None
