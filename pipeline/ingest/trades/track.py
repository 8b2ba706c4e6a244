"""Where one product's trade ids stand."""

from __future__ import annotations

from bisect import bisect_right, insort
from dataclasses import dataclass, field, replace
from datetime import datetime
from operator import attrgetter

from pipeline.id_ranges import Run, Runs
from pipeline.ingest.trades.gap import Gap

_FIRST, _FROM = attrgetter("first"), attrgetter("from_id")
NEVER = -1
TAKEN_WITHIN_S = 1.0  # after a trade was seen its record was taken, generously


@dataclass(frozen=True, slots=True)
class Pending:
    """Ids that are missing, but perhaps only late: both ends included; `since` by the clock, `noticed_at` UTC."""

    first: int
    last: int
    since: float
    noticed_at: datetime
    reason: str


@dataclass(slots=True)
class Candidate:
    """Signs of a reset id sequence; void as soon as ids from `top` on arrive again."""

    top: int
    start: int
    frames: int = 0
    ids: set[int] = field(default_factory=set)
    acknowledged: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Track:
    """One product: the next id expected, and up to which all are accounted for.

    `beyond` are the ids above `low` that are accounted for. A jump while `next` is still `reason_at` has `reason`.
    `noted_next` is what `next` was at `noted_at`.
    """

    product_id: str
    next: int
    low: int
    beyond: Runs = field(default_factory=Runs)
    pending: list[Pending] = field(default_factory=list)  # by id
    gaps: list[Gap] = field(default_factory=list)  # open ones by id
    reason: str = ""
    reason_at: int = NEVER
    candidate: Candidate | None = None
    noted_at: float = float("-inf")
    noted_next: int = 0

    def check_answers(self, now: float, answered_until: float) -> list[Run]:
        """Return ids that came some time ago and were answered for, but are neither acknowledged nor missing.

        All records taken before `answered_until` were either acknowledged or given up. Both are times of one clock.
        """
        if self.noted_at >= answered_until - TAKEN_WITHIN_S:
            return []
        waiting = Runs((run.first, run.last) for run in self.pending)
        silent = self.beyond.lacking(self.low + 1, self.noted_next - 1)
        self.noted_at, self.noted_next = now, self.next
        for gap in self.gaps:
            gap.check_answers()
        return [piece for first, last in silent for piece in waiting.lacking(first, last)]

    def account(self, first: int, last: int) -> None:
        """Count ids as accounted for, and move the low-water mark as far as that allows."""
        self.beyond.add(max(first, self.low + 1), last)
        if self.beyond and self.beyond.lowest()[0] == self.low + 1:
            self.low = self.beyond.lowest()[1]
            self.beyond.discard(0, self.low)

    def arrive(self, trade_id: int) -> bool:
        """Take an id out of what is missing and no gap yet; return whether it was there."""
        at = bisect_right(self.pending, trade_id, key=_FIRST) - 1
        if at < 0 or trade_id > self.pending[at].last:
            return False
        run = self.pending[at]
        parts = replace(run, last=trade_id - 1), replace(run, first=trade_id + 1)
        self.pending[at : at + 1] = [part for part in parts if part.first <= part.last]
        return True

    def gap_at(self, trade_id: int) -> Gap | None:
        """Return the open gap whose span holds an id."""
        found = self.gaps_within(trade_id, trade_id)
        return found[0] if found else None

    def gaps_within(self, first: int, last: int) -> list[Gap]:
        """Return the open gaps whose spans overlap a run of ids; spans do not overlap each other."""
        start = max(0, bisect_right(self.gaps, first, key=_FROM) - 1)
        end = bisect_right(self.gaps, last, key=_FROM)
        return [gap for gap in self.gaps[start:end] if gap.to_id >= first]

    def open(self, gap: Gap) -> None:
        """Add an open gap: its ids are accounted for, by the gap."""
        insort(self.gaps, gap, key=_FROM)
        self.account(gap.from_id, gap.to_id)

    def restart(self, start: int) -> None:
        """Expect ids from `start` on; gaps that are open stay."""
        self.next, self.low, self.beyond, self.candidate = start, start - 1, Runs(), None
        self.reason_at, self.noted_next = NEVER, start
        for gap in self.gaps:
            if gap.to_id >= start:
                self.account(gap.from_id, gap.to_id)
