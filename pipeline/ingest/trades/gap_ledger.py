"""The ledger of gaps: the watch, shared by threads, kept on disk, told to whoever listens."""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from datetime import timedelta

from pipeline.errors import CoinlakeError
from pipeline.events.raw import TOPIC_CONFIG
from pipeline.events.trades import GapState
from pipeline.id_ranges import Runs
from pipeline.ingest.trades.gap import Hole, SavedGap, Wanted
from pipeline.ingest.trades.gap_store import GapStore
from pipeline.ingest.trades.gaps import Changes, GapWatch

log = logging.getLogger(__name__)

SAVE_S = 1.0  # changes are saved and sent at most this often
DROP_OLD_S = 3600.0
KEEP_CLOSED = timedelta(milliseconds=int(TOPIC_CONFIG["retention.ms"]))  # Kafka forgets their states by then, too


class GapLedger:
    """What the feed, Kafka's acknowledgements and the filler all talk to; each call may come from any thread.

    `on_change` gets each new state of a gap once it is on disk. Where it raises `CoinlakeError` it is called again a
    second later; at the start it gets every state not `delivered` before, which is harmless: the newest counts.
    A closed gap goes a week after its closing if its state was delivered: no start would read it again.
    A replayed recording needs a ledger of its own, with a file of its own: its ids are long past.
    """

    def __init__(
        self,
        watch: GapWatch,
        store: GapStore,
        on_change: Callable[[GapState], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._watch, self._store, self._on_change, self._clock = watch, store, on_change, clock
        self._lock = threading.Lock()  # held for the watch, never while saving or telling
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
        product begins anew, and what the table lacks below is for `TableCheck` to find.
        """
        if self._store.adopt(identity):
            log.warning(
                "Kafka is now %s, another one than before: what the trades table lacks will be backfilled", identity
            )

    def start(self) -> None:
        """Resume from what is on disk, and send what Kafka may not have; call it once, before the first frame."""
        with self._lock:
            self._watch.restore(self._store.low_water(), self._store.gaps())
        self._untold = {state.gap_id: state for state in self._store.untold()}
        self.tick()

    def connected(self, products: Iterable[str] | None = None) -> None:
        """Note a new connection for these products (all): the next jump of each is put down to it."""
        with self._lock:
            self._watch.connected(products)

    def seen(self, product: str, trade_ids: Sequence[int]) -> None:
        """Take note of trades that a frame of the feed brought; not of those from REST or from the spool."""
        with self._lock:
            self._watch.seen(product, trade_ids)

    def heartbeat(self, product: str, last_trade_id: int) -> None:
        """Take note of the newest id that the exchange has made."""
        with self._lock:
            self._watch.heartbeat(product, last_trade_id)

    def acknowledged(self, product: str, trade_ids: Iterable[int]) -> None:
        """Take note of trades that Kafka has, whichever way they came: feed, spool or REST."""
        with self._lock:
            self._watch.acknowledged(product, trade_ids)

    def delivered(self, value: bytes) -> None:
        """Note that Kafka has a state that `on_change` got; until then it counts as not sent."""
        with self._lock:
            self._delivered.append(value)

    def sending(self, product: str, trade_ids: Iterable[int]) -> None:
        """Note fetched trades just before Kafka's client gets them; they count as filled when acknowledged."""
        with self._lock:
            self._watch.sending(product, trade_ids)

    def not_sent(self, product: str, trade_ids: Iterable[int]) -> None:
        """Note that Kafka's client did not take them: they are to be fetched again."""
        with self._lock:
            self._watch.not_sent(product, trade_ids)

    def lose(self, product: str, runs: Runs, why: str) -> None:
        """Give up what is still missing of the runs: the exchange no longer has it."""
        with self._lock:
            self._watch.lose(product, runs, why)

    def wanted(self) -> list[Wanted]:
        """Return the open gaps, oldest first, with what is to be fetched of each."""
        with self._lock:
            return self._watch.wanted()

    def counts(self) -> dict[str, int]:
        """Return open_gaps, missing_trades, gaps_opened and id_restarts."""
        with self._lock:
            return self._watch.counts()

    def tick(self, answered_until: float = float("-inf")) -> None:
        """Open the gaps whose time has come; once a second, save and send what changed. Call it often.

        `answered_until`: up to which time, by this clock, no record that was taken is still on its way to Kafka.
        """
        with self._lock:
            self._watch.settle()
            self._watch.check_answers(answered_until)
        if self._clock() >= self._saved_at + SAVE_S:
            self._save_and_tell()

    def close(self) -> None:
        """Open gaps for all that is missing, save and tell; call it after Kafka's last acknowledgement."""
        with self._lock:
            self._watch.settle(at_once=True)
        self._save_and_tell()
        self._store.close()

    def _save_and_tell(self) -> None:
        with self._saving:
            self._saved_at = self._clock()
            if self._save():
                self._tell()

    def _save(self) -> bool:
        """Write down what changed; a full disk must not stop the trades, so it is tried again later."""
        holes = self._holes()
        with self._lock:
            taken = [hole for hole in holes if self._watch.reopen(hole)]
            changes = self._watch.take_changes()
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
            self._store.drop_old(self._watch.now() - KEEP_CLOSED)
            self._dropped_at = self._clock()

    def _tell(self) -> None:
        for gap_id, state in list(self._untold.items()):
            try:
                self._on_change(state)
            except CoinlakeError as error:
                log.warning("the state of gap %s cannot be sent yet: %s", gap_id, error)
                return
            del self._untold[gap_id]
