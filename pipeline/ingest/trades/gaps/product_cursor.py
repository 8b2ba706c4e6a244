"""Where one product's trade ids stand."""

from __future__ import annotations

from bisect import bisect_right, insort
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from operator import attrgetter

from pipeline.events.trades import JUMP
from pipeline.id_ranges import Run, Runs
from pipeline.ingest.trades.gaps.gap import Gap

_FIRST, _FROM = attrgetter("first"), attrgetter("from_id")
NEVER = -1
FAR = 1000  # an id this far below the expected one is no repeat of a moment ago
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
class ProductCursor:
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

    def place(self, trade_id: int, since: float, noticed_at: datetime) -> bool:
        """Put an id where it belongs; return False for one that is far below all that can be expected."""
        if trade_id >= self.next:
            self.miss(trade_id - 1, since, noticed_at)
            self.next = trade_id + 1
        elif not self.arrive(trade_id):
            gap = self.gap_at(trade_id)
            if gap is not None and trade_id in gap.missing:
                gap.here.add(trade_id, trade_id)
            elif trade_id == self.next - 1:
                self.reason_at = NEVER  # the newest trade again: nothing was missed while we were away
            else:
                return trade_id >= self.next - FAR  # a repeat
        return True

    def miss(self, last: int, since: float, noticed_at: datetime) -> None:
        """Note that all ids from the expected one up to `last` are missing, except what is accounted for."""
        reason = self.reason if self.reason_at == self.next else JUMP
        for start, end in self.beyond.lacking(max(self.next, self.low + 1), last):
            self.pending.append(Pending(start, end, since, noticed_at, reason))
        self.next = last + 1

    def doubt(self, start: int, trade_ids: Sequence[int]) -> Candidate:
        """Note a frame of ids far below the expected one: some in a row, with none at the top between, are a reset."""
        candidate = self.candidate
        if candidate is None or candidate.top != self.next:
            candidate = self.candidate = Candidate(self.next, start)
        candidate.frames += not (trade_ids and candidate.ids.issuperset(trade_ids))
        candidate.start = min(candidate.start, start)
        candidate.ids.update(trade_ids)
        return candidate

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
