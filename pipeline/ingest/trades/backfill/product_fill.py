"""Fetches one product's missing trades: which page to ask for, and what an answer proves."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta

from pipeline.errors import BadDataError, CoinlakeError, SourceError
from pipeline.id_ranges import Runs, runs_of
from pipeline.ingest.http import Parts
from pipeline.ingest.trades.backfill.rest import NAME, PAGE, Trade, TradesRest, rest_frame
from pipeline.ingest.trades.backfill.tentative_losses import TentativeLosses
from pipeline.ingest.trades.gaps.gap import Wanted
from pipeline.ingest.trades.gaps.gap_detector import GapDetector

log = logging.getLogger(__name__)

GIVE_UP_AFTER = timedelta(seconds=60)  # a younger gap's trades may only not be visible by REST yet
DELISTED_AFTER_S = 86_400.0  # for so long the exchange must answer neither with trades nor with the product listed
SKIPPED = "the exchange's pages skip them"

Send = Callable[[str, bytes], None]
"""Hands a product's rest_trades frame to the sink, which from then on owes it to Kafka; `GapDetector.acknowledged`
is to be called with its trades, too. Raises `CoinlakeError` while it takes nothing; the page is then fetched again."""


@dataclass(frozen=True)
class Tools:
    """What all products share."""

    detector: GapDetector
    rest: TradesRest
    send: Send
    parts: Parts


class ProductFill:
    """One product's part of the filler; `begin` starts a round, in which each missing id is asked for once."""

    def __init__(self, product: str, tools: Tools) -> None:
        self._product, self._tools = product, tools
        self._tentative = TentativeLosses()
        self._left = Runs()  # to be asked for in this round
        self._young = Runs()  # of gaps too young to give anything up
        self._unlisted_since: float | None = None

    def begin(self, gaps: Iterable[Wanted]) -> None:
        """Take up what is wanted now, except what was asked for a moment ago in vain."""
        gaps = list(gaps)
        limit = self._tools.parts.now() - GIVE_UP_AFTER
        wanted = Runs(run for gap in gaps for run in gap.runs)
        self._young = Runs(run for gap in gaps if gap.opened_at > limit for run in gap.runs)
        self._tentative.keep(wanted)
        self._left = wanted.without(self._tentative.resting(self._tools.parts.clock()))

    def fill_page(self, gap: Wanted) -> bool:
        """Fetch the newest page of a gap that is left in this round; return False where none is.

        Raises:
            UnknownCoinError: the exchange answered 404; see `check_listing`.
            CoinlakeError: the exchange or the sink failed; nothing is given up because of that.
        """
        left = self._left.within(gap.runs[0][0], gap.runs[-1][1]) if gap.runs else []
        if not left:
            return False
        after = self._after(left[0][0], left[-1][1])
        page = self._page(after)
        self._unlisted_since = None
        oldest = min(page, default=0)
        asked = Runs(self._left.within(oldest, after - 1))
        found = [trade_id for trade_id in page if trade_id in asked]
        self._send(found, page)
        self._judge(asked.without(runs_of(found)))
        self._left.discard(oldest, after - 1)
        return True

    def check_listing(self) -> None:
        """After a 404: once the exchange's own list has lacked the product for a day, give its gaps up.

        A 404 alone proves nothing, since a wrong path or a proxy answers it just as well.
        """
        try:
            is_listed = self._tools.rest.is_listed(self._product)
        except SourceError as error:
            log.info("%s: whether the product is listed cannot be asked now: %s", self._product, error)
            return
        now = self._tools.parts.clock()
        if is_listed:
            self._unlisted_since = None
        elif self._unlisted_since is None:
            self._unlisted_since = now
        elif now - self._unlisted_since >= DELISTED_AFTER_S:
            gaps = self._tools.detector.give_up(self._product)
            log.error("%s: the exchange no longer lists it; %d gaps are unavailable", self._product, gaps)

    def _after(self, lowest: int, highest: int) -> int:
        """Return where the page starts: at the gap's end, or higher where it then has newer gaps as well."""
        return 1 + max([highest] + [last for _, last in self._left.within(lowest, lowest + PAGE - 1)])

    def _page(self, after: int) -> dict[int, Trade]:
        """Fetch a page; one without trades is believed only from an exchange that does answer with newer ones."""
        page = self._tools.rest.page(self._product, after)
        if not page and not self._tools.rest.is_trading_above(self._product, after):
            raise BadDataError(NAME, f"{self._product}: neither trades before {after} nor newer ones alone")
        return page

    def _send(self, found: list[int], page: dict[int, Trade]) -> None:
        if not found:
            return
        self._tools.detector.sending(self._product, found)
        try:
            self._tools.send(self._product, rest_frame(self._product, [page[trade_id] for trade_id in found]))
        except CoinlakeError:
            self._tools.detector.not_sent(self._product, found)
            raise
        log.info("%s: %d missing trades fetched, %d to %d", self._product, len(found), found[-1], found[0])

    def _judge(self, absent: Runs) -> None:
        """Give up ids that two answers lack; doubt the others."""
        if not absent:
            return
        lost = self._tentative.confirmed(absent).without(self._young)
        self._tentative.note(absent.without(lost), self._tools.parts.clock())
        if lost:
            log.error("%s: %d trades are lost: %s", self._product, lost.total, SKIPPED)
            self._tools.detector.lose(self._product, lost, SKIPPED)
