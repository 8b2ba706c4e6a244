"""Finds what the table lacks below the first trade that a new ledger has watched, and hands it to the ledger as gaps.

A ledger is new at the first start, when its file was lost, and when Kafka was replaced: the new one does not have what
the old one acknowledged, and Spark may not have read it. Then only the table shows what is there.
"""

from __future__ import annotations

import logging

from pipeline.errors import CoinlakeError
from pipeline.events.trades import KAFKA_REPLACED, NOT_IN_TABLE
from pipeline.id_ranges import Runs
from pipeline.ingest.trades.backfill.side_thread import SideThread
from pipeline.ingest.trades.backfill.trades_table import TradesTable
from pipeline.ingest.trades.gaps.gap import Hole
from pipeline.ingest.trades.gaps.gap_store import GapStore

log = logging.getLogger(__name__)

IDLE_S = 5.0
LONGEST_WAIT_S = 60.0  # between attempts while Presto does not answer, or the tables are not there yet


class TableCheck(SideThread):
    """A thread that asks Presto about each product that began without a mark; the feed does not wait for it.

    A product stays on the list, on disk, until its holes are there, too: a crash repeats the question. Once the list is
    empty, Presto is not asked anything.
    """

    def __init__(self, store: GapStore, table: TradesTable) -> None:
        super().__init__("table-check", IDLE_S)
        self._store, self._table = store, table
        self._failures = 0

    def run_once(self) -> None:
        """Check the products on the list.

        Raises:
            CoinlakeError: Presto does not answer, or the tables are not there yet.
        """
        unchecked = self._store.unchecked()
        if not unchecked:
            return
        incomplete = self._table.incomplete()
        for product, first in unchecked.items():
            missing = Runs()
            stretches = incomplete.get(product, [])
            for stretch in stretches:
                until = first if stretch is stretches[-1] else None
                for run in self._table.holes(product, stretch, until):
                    missing.add(*run)
            missing = Runs(missing.within(1, first - 1))
            missing = missing.without(self._table.lost(product, missing)) if missing else missing
            if self._stop.is_set():
                return
            self._hand_over(product, first, missing)

    def _hand_over(self, product: str, first: int, missing: Runs) -> None:
        reason = KAFKA_REPLACED if self._store.was_replaced else NOT_IN_TABLE
        if missing:
            log.warning("%s: the table lacks %d trades below %d; they become gaps", product, missing.total, first)
        holes = [Hole(product, *run, reason) for run in missing]
        self._store.add_holes(holes, checked=(product, first))

    def _step(self) -> float:
        try:
            self.run_once()
        except CoinlakeError as error:
            if not self._failures:
                log.info("the trades table cannot be checked for holes yet, it is tried again: %s", error)
            self._failures += 1
        except Exception:  # the loop's boundary: a fault of ours must not end the checks for good
            if not self._stop.is_set():  # else the file is closed
                log.exception("the check of the trades table failed; it is tried again")
                self._failures += 1
        else:
            self._failures = 0
        return min(LONGEST_WAIT_S, IDLE_S * 2.0 ** min(self._failures, 10))
