"""The thread that fetches missing trades by REST and sends them the way that all trades go."""

from __future__ import annotations

import logging
from collections import defaultdict
from dataclasses import dataclass

from pipeline.errors import CoinlakeError, RateLimitedError, UnknownCoinError
from pipeline.ingest.http import Parts
from pipeline.ingest.trades.backfill.product_fill import ProductFill, Send, Tools
from pipeline.ingest.trades.backfill.rest import TradesRest
from pipeline.ingest.trades.backfill.side_thread import SideThread
from pipeline.ingest.trades.gaps.gap import Wanted
from pipeline.ingest.trades.gaps.gap_detector import GapDetector

log = logging.getLogger(__name__)

IDLE_S = 0.5  # between two rounds
PAGES_A_ROUND = 20  # of one gap, so that a gap of millions holds no other up
FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 30.0
LONGEST_UNKNOWN_WAIT_S = 3600.0  # after a 404: the product may be gone for good


@dataclass
class _Patience:
    """When a product may be asked for again after failures."""

    failures: int = 0
    until: float = 0.0


class Filler(SideThread):
    """Works on the open gaps, oldest first, newest page first; a failure is retried without limit, progress is kept."""

    def __init__(self, detector: GapDetector, rest: TradesRest, send: Send, parts: Parts | None = None) -> None:
        super().__init__("filler", IDLE_S)
        self._parts = parts or Parts()
        self._tools = Tools(detector, rest, send, self._parts)
        self._fills: dict[str, ProductFill] = {}
        self._patience: defaultdict[str, _Patience] = defaultdict(_Patience)

    def run_once(self) -> None:
        """Work once on each gap that is open now."""
        gaps = self._tools.detector.wanted()
        by_product: defaultdict[str, list[Wanted]] = defaultdict(list)
        for gap in gaps:
            by_product[gap.product_id].append(gap)
        for product, wanted in by_product.items():
            self._fills.setdefault(product, ProductFill(product, self._tools)).begin(wanted)
        for gap in gaps:
            self._work_on(gap)

    def _work_on(self, gap: Wanted) -> None:
        fill, patience = self._fills[gap.product_id], self._patience[gap.product_id]
        for _ in range(PAGES_A_ROUND):
            if self._stop.is_set() or self._parts.clock() < patience.until:
                return
            try:
                if not fill.fill_page(gap):
                    return
            except UnknownCoinError as error:
                self._wait(gap.product_id, patience, error, LONGEST_UNKNOWN_WAIT_S)
                fill.check_listing()
            except CoinlakeError as error:
                self._wait(gap.product_id, patience, error)
            else:
                patience.failures = 0

    def _wait(self, product: str, patience: _Patience, error: CoinlakeError, longest_s: float = LONGEST_WAIT_S) -> None:
        """Leave a product alone for a while: exponential with jitter, or as long as the exchange asked for."""
        ceiling = min(longest_s, FIRST_WAIT_S * 2.0 ** min(patience.failures, 20))
        wait_s = self._parts.uniform(ceiling / 2, ceiling)
        patience.failures += 1
        if isinstance(error, RateLimitedError) and error.retry_after_s is not None:
            wait_s += error.retry_after_s
            for other in self._fills:  # the limit is by address, not by product
                self._patience[other].until = max(self._patience[other].until, self._parts.clock() + wait_s)
        patience.until = self._parts.clock() + wait_s
        log.warning("%s: a gap cannot be filled now: %s; next attempt in %.1f s", product, error, wait_s)

    def _step(self) -> float:
        try:
            self.run_once()
        except Exception:  # the loop's boundary: a fault of ours must not end the filling for good
            log.exception("the filler failed; it will retry")
        return IDLE_S
