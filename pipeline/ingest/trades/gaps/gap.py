"""One gap in the trade ids while it is open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from pipeline.events.trades import FILLED, LOST, OPEN, UNAVAILABLE, GapState
from pipeline.id_ranges import Run, Runs

ARRIVED_LATE = "arrived late"
FETCHED = "fetched by REST"
DELISTED = "the exchange no longer lists the product"


@dataclass(frozen=True)
class Wanted:
    """An open gap as the filler sees it: `runs` are the ids still to be fetched, lowest first."""

    product_id: str
    opened_at: datetime
    runs: tuple[Run, ...]


@dataclass(frozen=True)
class Hole:
    """A run of ids that the table lacks, both ends included, to be opened as a gap with this reason."""

    product_id: str
    from_id: int
    to_id: int
    reason: str


@dataclass(frozen=True)
class SavedGap:
    """A gap as it lies on disk: its state, and what that does not tell."""

    state: GapState
    missing: tuple[Run, ...]
    late: int
    why_lost: str


@dataclass(frozen=True)
class Changes:
    """What is to be saved: gaps that changed, each product's low-water mark, the first ids of products begun."""

    gaps: tuple[SavedGap, ...]
    low_water: Mapping[str, int]
    begun: Mapping[str, int] = field(default_factory=dict)


@dataclass(eq=False)
class Gap:
    """A run of ids that did not arrive in time.

    `missing` holds the ids that Kafka has not acknowledged and that are not lost. Those of them in `here` (arrived
    late) and `sent` (fetched) only wait for Kafka; a process that dies loses both, so neither is ever saved. A gap is
    open while any id is missing, unless it is `unavailable`: then the ids stay missing.
    """

    source: str
    product_id: str
    from_id: int
    to_id: int
    opened_at: datetime
    reason: str
    missing: Runs
    late: int = 0  # how many came by the feed after all
    lost: int = 0
    why_lost: str = ""
    closed_at: datetime | None = None
    unavailable: bool = False
    here: Runs = field(default_factory=Runs)
    sent: Runs = field(default_factory=Runs)
    noted: Runs = field(default_factory=Runs)  # what was here or sent at the last `check_answers`

    @classmethod
    def of(cls, saved: SavedGap) -> Gap:
        """Return a gap as it was saved."""
        state = saved.state
        return cls(
            state.source,
            state.product_id,
            state.from_id,
            state.to_id,
            state.opened_at,
            state.reason,
            Runs(saved.missing),
            saved.late,
            state.lost,
            saved.why_lost,
            state.closed_at,
            state.status == UNAVAILABLE,
        )

    def saved(self) -> SavedGap:
        """Return it in the form that lies on disk."""
        return SavedGap(self.state(), tuple(self.missing), self.late, self.why_lost)

    @property
    def is_open(self) -> bool:
        """Whether trades are still to be fetched or acknowledged."""
        return bool(self.missing) and not self.unavailable

    @property
    def gap_id(self) -> str:
        """The gap's name in the table."""
        return f"{self.source}:{self.product_id}:{self.from_id}"

    def acknowledged(self, trade_id: int) -> bool:
        """Note that Kafka has a trade; return whether it was missing."""
        if not self.missing.discard(trade_id, trade_id):
            return False
        self.here.discard(trade_id, trade_id)
        self.late += not self.sent.discard(trade_id, trade_id)
        return True

    def lose(self, runs: Runs, why: str) -> bool:
        """Give up what is neither here nor sent of the runs; return whether that was any."""
        given_up = runs.common(self._wanted())
        for first, last in given_up:
            self.missing.discard(first, last)
        if given_up:
            self.lost, self.why_lost = self.lost + given_up.total, why
        return bool(given_up)

    def give_up(self) -> bool:
        """Close it without an answer for what is missing, unless some of that is on its way; return whether it is."""
        self.unavailable = not (self.here or self.sent)
        return self.unavailable

    def check_answers(self) -> None:
        """Want again what was on its way at the last call; call it once all of that was answered for."""
        for first, last in self.noted:
            self.here.discard(first, last)
            self.sent.discard(first, last)
        self.noted = Runs([*self.here, *self.sent])

    def want_again(self, runs: Runs) -> bool:
        """Want what of the runs had been closed, as filled or as lost; return whether that was any."""
        again = runs.common(Runs([(self.from_id, self.to_id)])).without(self.missing)
        for first, last in again:
            self.missing.add(first, last)
        there = self.to_id - self.from_id + 1 - self.missing.total
        self.lost = min(self.lost, there)
        self.late = min(self.late, there - self.lost)
        return bool(again)

    def wanted(self) -> Wanted:
        """Return what is still to be fetched."""
        return Wanted(self.product_id, self.opened_at, tuple(self._wanted()))

    def _wanted(self) -> Runs:
        wanted = self.missing.without(self.here) if self.here else self.missing
        return wanted.without(self.sent) if self.sent else wanted

    def state(self) -> GapState:
        """Return the gap as the topic and the table know it."""
        filled = self.to_id - self.from_id + 1 - self.missing.total - self.lost
        return GapState(
            self.gap_id,
            self.source,
            self.product_id,
            self.from_id,
            self.to_id,
            self.opened_at,
            self.reason,
            self._status(),
            filled,
            self.lost,
            self.closed_at,
            self._note(filled),
        )

    def _status(self) -> str:
        if self.is_open:
            return OPEN
        if self.unavailable:
            return UNAVAILABLE
        return LOST if self.lost else FILLED

    def _note(self, filled: int) -> str:
        parts = [
            f"{ARRIVED_LATE}: {self.late}" if self.late else "",
            f"{FETCHED}: {filled - self.late}" if filled > self.late else "",
            f"lost: {self.lost}, {self.why_lost}" if self.lost else "",
            f"{UNAVAILABLE}: {self.missing.total}, {DELISTED}" if self.unavailable else "",
        ]
        return "; ".join(part for part in parts if part)
