"""A detector on a clock that only moves when told to, and a ledger around it in a fresh file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from pipeline.events.trades import GapState
from pipeline.ingest.trades.gaps.gap_detector import GapDetector
from pipeline.ingest.trades.gaps.gap_ledger import GapLedger
from pipeline.ingest.trades.gaps.gap_store import GapStore
from tests.support.clock import FakeClock

BTC = "BTC-USD"
SETTLED = 2.5  # seconds after which what is missing is a gap


class Watched:
    """A detector and its clock; remembers the newest state of each gap, as the table does."""

    def __init__(self, clock: FakeClock | None = None) -> None:
        self.clock = clock or FakeClock()
        self.detector = GapDetector("coinbase", clock=self.clock.time, now=self.clock.now)
        self.states: dict[str, GapState] = {}

    def seen(self, *trade_ids: int) -> None:
        """One frame for each id."""
        for trade_id in trade_ids:
            self.detector.seen(BTC, [trade_id])

    def settle(self, seconds: float = SETTLED) -> list[GapState]:
        """Let time pass; return the gaps that changed meanwhile."""
        self.clock.sleep(seconds)
        self.detector.settle()
        return self.changes()

    def changes(self) -> list[GapState]:
        states = [gap.state for gap in self.detector.take_changes().gaps]
        self.states |= {state.gap_id: state for state in states}
        return states

    def low(self) -> int:
        return self.detector.take_changes().low_water[BTC]

    def missing(self) -> list[tuple[int, int]]:
        return [run for gap in self.detector.wanted() for run in gap.runs]


class Kept:
    """A ledger in a file that outlives it: `again()` is the process after a crash."""

    def __init__(
        self,
        path: Path,
        clock: FakeClock,
        on_change: Callable[[GapState], None] | None = None,
        source: str = "coinbase",
    ) -> None:
        self.told: list[GapState] = []
        self.path, self.clock = path, clock
        self.store = GapStore(path, source)
        detector = GapDetector(source, clock=clock.time, now=clock.now)
        self.ledger = GapLedger(detector, self.store, on_change or self.told.append, clock.time)
        self.ledger.start()

    def pass_time(self, seconds: float = SETTLED) -> None:
        self.clock.sleep(seconds)
        self.ledger.tick()

    def again(self) -> Kept:
        self.store.close()
        return Kept(self.path, self.clock)

    def deliver(self) -> None:
        """Have Kafka acknowledge every state that it was sent."""
        for state in self.told:
            self.ledger.delivered(state.to_json())
        self.pass_time()

    def newest(self) -> dict[str, GapState]:
        """The table's view: the newest state of each gap."""
        return {state.gap_id: state for state in self.told}
