"""The ledger of gaps: what the detector finds, kept on disk and sent to whoever listens."""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections.abc import Callable
from datetime import timedelta

from pipeline.errors import CoinlakeError
from pipeline.events.raw import TOPIC_CONFIG
from pipeline.events.trades import GapState
from pipeline.ingest.trades.gaps.gap import Changes, Hole, SavedGap
from pipeline.ingest.trades.gaps.gap_detector import GapDetector
from pipeline.ingest.trades.gaps.gap_store import GapStore

log = logging.getLogger(__name__)

SAVE_S = 1.0  # changes are saved and sent at most this often
DROP_OLD_S = 3600.0
KEEP_CLOSED = timedelta(milliseconds=int(TOPIC_CONFIG["retention.ms"]))  # Kafka forgets their states by then, too


class GapLedger:
    """Keeps `detector`, which the feed, Kafka's acknowledgements and the filler talk to; any thread may call either.

    `on_change` gets each new state of a gap once it is on disk. Where it raises `CoinlakeError` it is called again a
    second later; at the start it gets every state not `delivered` before, which is harmless: the newest counts.
    A closed gap goes a week after its closing if its state was delivered: no start would read it again.
    A replayed recording needs a ledger of its own, with a file of its own: its ids are long past.
    """

    def __init__(
        self,
        detector: GapDetector,
        store: GapStore,
        on_change: Callable[[GapState], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.detector, self._store, self._on_change, self._clock = detector, store, on_change, clock
        self._lock = threading.Lock()  # of `_delivered`
        self._saving = threading.Lock()
        self._saved_at = clock() - SAVE_S
        self._unsaved: dict[str, SavedGap] = {}
        self._untold: dict[str, GapState] = {}
        self._delivered: list[bytes] = []
        self._begun: dict[str, int] = {}
        self._dropped_at = clock() - DROP_OLD_S

    def adopt(self, identity: str) -> None:
        """Bind the ledger to a Kafka, by cluster id and topic id; call it before `start`.

        Another Kafka than before does not have what the old one acknowledged, so the marks do not count any more: each
        product starts over, and what the table lacks below is for `TableCheck` to find.
        """
        if self._store.adopt(identity):
            log.warning(
                "Kafka is now %s, another one than before: what the trades table lacks will be backfilled", identity
            )

    def start(self) -> None:
        """Resume from what is on disk, and send what Kafka may not have; call it once, before the first frame."""
        self.detector.restore(self._store.low_water(), self._store.gaps())
        self._untold = {state.gap_id: state for state in self._store.untold()}
        self.tick()

    def delivered(self, value: bytes) -> None:
        """Note that Kafka has a state that `on_change` got; until then it counts as not sent."""
        with self._lock:
            self._delivered.append(value)

    def tick(self, answered_until: float = float("-inf")) -> None:
        """Open the gaps whose time has come; once a second, save and send what changed. Call it often.

        `answered_until`: up to which time, by this clock, no record that was taken is still on its way to Kafka.
        """
        self.detector.settle()
        self.detector.check_answers(answered_until)
        if self._clock() >= self._saved_at + SAVE_S:
            self._save_and_tell()

    def close(self) -> None:
        """Open gaps for all that is missing, save and tell; call it after Kafka's last acknowledgement."""
        self.detector.settle(at_once=True)
        self._save_and_tell()
        self._store.close()

    def _save_and_tell(self) -> None:
        with self._saving:
            self._saved_at = self._clock()
            if self._save():
                self._tell()

    def _save(self) -> bool:
        """Write down what changed; a full disk must not stop the trades, so it is tried again later."""
        taken = [hole for hole in self._holes() if self.detector.reopen(hole)]
        changes = self.detector.take_changes()
        with self._lock:
            delivered, self._delivered = self._delivered, []
        self._unsaved |= {gap.state.gap_id: gap for gap in changes.gaps}
        self._begun |= changes.begun
        try:
            unsaved = Changes(tuple(self._unsaved.values()), changes.low_water, self._begun)
            self._store.save(unsaved, delivered, taken)
            self._drop_old()
        except sqlite3.Error as error:
            log.error("the ledger of gaps cannot be saved: %s", error)
            with self._lock:
                self._delivered[:0] = delivered
            return False
        self._untold |= {gap_id: gap.state for gap_id, gap in self._unsaved.items()}
        self._unsaved.clear()
        self._begun.clear()
        return True

    def _holes(self) -> list[Hole]:
        """Return what others found missing in the table; it stays on disk until its gap is there, too."""
        try:
            return self._store.holes()
        except sqlite3.Error as error:
            log.error("the ledger of gaps cannot be read: %s", error)
            return []

    def _drop_old(self) -> None:
        if self._clock() >= self._dropped_at + DROP_OLD_S:
            self._store.drop_old(self.detector.now() - KEEP_CLOSED)
            self._dropped_at = self._clock()

    def _tell(self) -> None:
        for gap_id, state in list(self._untold.items()):
            try:
                self._on_change(state)
            except CoinlakeError as error:
                log.warning("the state of gap %s cannot be sent yet: %s", gap_id, error)
                return
            del self._untold[gap_id]
