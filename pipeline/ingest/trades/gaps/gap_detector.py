"""Watches the trade ids of each product: contiguous at the exchange, so that what is missing can be told from them.

Pure logic: no file, no network. `GapLedger` keeps it on disk.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime

from pipeline.events.trades import DROPPED, RECONNECT, RESTART
from pipeline.id_ranges import Runs
from pipeline.ingest.trades.gaps.gap import Changes, Gap, Hole, SavedGap, Wanted
from pipeline.ingest.trades.gaps.locked import locked
from pipeline.ingest.trades.gaps.product_cursor import FAR, NEVER, Candidate, Pending, ProductCursor

log = logging.getLogger(__name__)

SETTLE_S = 2.0  # frames that come in another order within this time open no gap
CONFIRMATIONS = 3  # so many consecutive frames far below: the id sequence was reset
HIGHEST_ID = 2**62  # a bigint with room to count on


class GapDetector:
    """Tells from trade ids which trades are missing.

    An id is accounted for when Kafka has acknowledged it or when it lies in a gap; the low-water mark is the id up to
    which all are. A process that starts again resumes from there. Any thread may call any method.
    """

    def __init__(
        self,
        source: str,
        settle_s: float = SETTLE_S,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._source, self._settle_s, self._clock, self.now = source, settle_s, clock, now
        self.lock = threading.RLock()
        self._cursors: dict[str, ProductCursor] = {}
        self._gaps: dict[str, Gap] = {}  # open ones by id, oldest first
        self._changed: dict[str, Gap] = {}
        self._begun: dict[str, int] = {}
        self._waiting: defaultdict[str, list[Gap]] = defaultdict(list)  # open ones of products that have no mark
        self.opened = 0
        self.restarts = 0  # how often an exchange reset its id sequence

    @locked
    def restore(self, low_water: Mapping[str, int], gaps: Iterable[SavedGap]) -> None:
        """Go on where a former process stopped: its low-water marks and all its gaps, open or closed."""
        for product, low in low_water.items():
            self._cursors[product] = ProductCursor(product, low + 1, low, reason=RESTART, reason_at=low + 1)
        for saved in gaps:
            gap = Gap.of(saved)
            cursor = self._cursors.get(gap.product_id)
            if cursor is None:
                self._waiting[gap.product_id] += [gap] if gap.is_open else []
                continue
            if gap.to_id > cursor.low:
                cursor.account(gap.from_id, gap.to_id)
            if gap.is_open:
                self._resume(cursor, gap)

    @locked
    def connected(self, products: Iterable[str] | None = None) -> None:
        """Note a new connection for these products (all): the next jump of each is put down to it."""
        for product in self._cursors if products is None else products:
            cursor = self._cursors.get(product)
            if cursor is not None and cursor.reason_at != cursor.next:
                cursor.reason, cursor.reason_at = RECONNECT, cursor.next

    def seen(self, product: str, trade_ids: Sequence[int]) -> None:
        """Take note of trades that a frame of the feed brought, in any order; not of those fetched by REST."""
        with self.lock:  # `locked` would cost a microsecond, for each frame
            cursor = self._cursors.get(product)
            if cursor is not None and len(trade_ids) == 1 and trade_ids[0] == cursor.next:
                cursor.next += 1
            else:
                self._place_all(product, cursor, trade_ids)

    def _place_all(self, product: str, cursor: ProductCursor | None, trade_ids: Sequence[int]) -> None:
        ids = sorted(trade_id for trade_id in trade_ids if 0 < trade_id < HIGHEST_ID)
        if not ids:
            return
        if cursor is None:
            cursor = self._begin(product, ids[0])
        since, noticed_at = self._clock(), self.now()
        below = [trade_id for trade_id in ids if not cursor.place(trade_id, since, noticed_at)]
        if below:
            self._doubt(cursor, below[0], below)

    @locked
    def heartbeat(self, product: str, last_trade_id: int) -> None:
        """Take note of the newest id that the exchange has made."""
        if not 0 <= last_trade_id < HIGHEST_ID:
            return
        cursor = self._cursors.get(product) or self._begin(product, last_trade_id + 1)
        if last_trade_id < cursor.next - FAR:
            self._doubt(cursor, last_trade_id + 1, ())
        elif last_trade_id >= cursor.next:
            cursor.miss(last_trade_id, self._clock(), self.now())
        elif last_trade_id == cursor.next - 1:
            cursor.reason_at = NEVER  # nothing was missed while we were away

    @locked
    def acknowledged(self, product: str, trade_ids: Iterable[int]) -> None:
        """Take note of trades that Kafka has, whichever way they came."""
        cursor = self._cursors.get(product)
        if cursor is None:
            return
        for trade_id in trade_ids:
            if trade_id == cursor.low + 1 and not cursor.beyond.total and not cursor.pending:
                cursor.low = trade_id
            else:
                self._acknowledge(cursor, trade_id)

    @locked
    def settle(self, at_once: bool = False) -> None:
        """Open a gap for each run that has been missing longer than the settle time, or for all of them."""
        limit = float("inf") if at_once else self._clock() - self._settle_s
        for cursor in self._cursors.values():
            if cursor.pending:
                self._open(cursor, limit)

    @locked
    def check_answers(self, answered_until: float) -> None:
        """Open gaps for trades that came and were lost on the way to Kafka: see `ProductCursor.check_answers`."""
        now = self._clock()
        for cursor in self._cursors.values():
            for first, last in cursor.check_answers(now, answered_until):
                self._begin_gap(cursor, Pending(first, last, now, self.now(), DROPPED))

    @locked
    def sending(self, product: str, trade_ids: Iterable[int]) -> None:
        """Note fetched trades just before Kafka's client gets them; they count as filled when acknowledged."""
        for trade_id in trade_ids:
            gap = self._gap_at(product, trade_id)
            if gap is not None and trade_id in gap.missing:
                gap.sent.add(trade_id, trade_id)

    @locked
    def not_sent(self, product: str, trade_ids: Iterable[int]) -> None:
        """Note that Kafka's client did not take them: they are to be fetched again."""
        for trade_id in trade_ids:
            gap = self._gap_at(product, trade_id)
            if gap is not None:
                gap.sent.discard(trade_id, trade_id)

    @locked
    def lose(self, product: str, runs: Runs, why: str) -> None:
        """Give up what is still missing of the runs: the exchange no longer has it."""
        cursor = self._cursors[product]
        for gap in [gap for first, last in runs for gap in cursor.gaps_within(first, last)]:
            if gap.lose(runs, why):
                self._change(gap)

    @locked
    def give_up(self, product: str) -> int:
        """Close a product's open gaps as unavailable: nobody can answer for their trades; return how many."""
        given_up = [gap for gap in self._cursors[product].gaps if gap.give_up()]
        for gap in given_up:
            self._change(gap)
        return len(given_up)

    @locked
    def reopen(self, hole: Hole) -> bool:
        """Have what the table lacks fetched, though it was accounted for; return False until the product is watched.

        Ids between the low-water mark and the next one expected are on their way, so they are left alone.
        """
        cursor = self._cursors.get(hole.product_id)
        if cursor is None:
            return False
        runs = Runs([(hole.from_id, min(hole.to_id, HIGHEST_ID))])
        runs.discard(cursor.low + 1, cursor.next - 1)
        for gap in cursor.gaps_within(hole.from_id, hole.to_id):
            if gap.want_again(runs):
                self._change(gap)
            runs.discard(gap.from_id, gap.to_id)
        for first, last in runs:
            self._begin_gap(cursor, Pending(first, last, self._clock(), self.now(), hole.reason))
        return True

    @locked
    def wanted(self) -> list[Wanted]:
        """Return the open gaps, oldest first, with what is to be fetched of each."""
        return [gap.wanted() for gap in self._gaps.values()]

    @locked
    def counts(self) -> dict[str, int]:
        """Return how many gaps are open, since when the oldest is and how many trades they lack.

        Also gaps opened and id restarts since the start.
        """
        missing = sum(gap.missing.total for gap in self._gaps.values())
        oldest = min((gap.opened_at for gap in self._gaps.values()), default=None)
        return {
            "open_gaps": len(self._gaps),
            "oldest_gap_s": 0 if oldest is None else int((self.now() - oldest).total_seconds()),
            "missing_trades": missing,
            "gaps_opened": self.opened,
            "id_restarts": self.restarts,
        }

    @locked
    def take_changes(self) -> Changes:
        """Return what changed since the last call; the gaps and the marks fit together."""
        gaps = tuple(gap.saved() for gap in self._changed.values())
        begun = dict(self._begun)
        self._changed.clear()
        self._begun.clear()
        return Changes(gaps, {cursor.product_id: cursor.low for cursor in self._cursors.values()}, begun)

    def _begin(self, product: str, first: int) -> ProductCursor:
        """Start to watch a product; whether anything is missing before `first`, only the table can tell."""
        cursor = self._cursors[product] = ProductCursor(product, first, first - 1)
        self._begun[product] = first
        for gap in self._waiting.pop(product, []):
            self._resume(cursor, gap)
        return cursor

    def _resume(self, cursor: ProductCursor, gap: Gap) -> None:
        cursor.open(gap)
        self._gaps[gap.gap_id] = gap

    def _gap_at(self, product: str, trade_id: int) -> Gap | None:
        cursor = self._cursors.get(product)
        return None if cursor is None else cursor.gap_at(trade_id)

    def _doubt(self, cursor: ProductCursor, start: int, trade_ids: Sequence[int]) -> None:
        candidate = cursor.doubt(start, trade_ids)
        if candidate.frames >= CONFIRMATIONS:
            self._restart_count(cursor, candidate)

    def _restart_count(self, cursor: ProductCursor, candidate: Candidate) -> None:
        log.warning(
            "%s: the exchange reset its trade ids: %d after %d; watching restarts from there",
            cursor.product_id,
            candidate.start,
            cursor.next - 1,
        )
        self.restarts += 1
        self._open(cursor, float("inf"))
        cursor.restart(candidate.start)
        self.seen(cursor.product_id, sorted(candidate.ids))
        self.acknowledged(cursor.product_id, candidate.acknowledged)

    def _acknowledge(self, cursor: ProductCursor, trade_id: int) -> None:
        gap = cursor.gap_at(trade_id)
        if gap is not None and gap.acknowledged(trade_id):
            self._change(gap)
        elif trade_id > cursor.low:
            cursor.arrive(trade_id)
            cursor.account(trade_id, trade_id)
        elif cursor.candidate is not None and trade_id in cursor.candidate.ids:
            cursor.candidate.acknowledged.append(trade_id)

    def _open(self, cursor: ProductCursor, limit: float) -> None:
        """Make gaps of what has been missing since before `limit`; runs that touch become one."""
        due = [run for run in cursor.pending if run.since <= limit]
        cursor.pending = [run for run in cursor.pending if run.since > limit]
        for first, last in Runs((run.first, run.last) for run in due):
            cause = next(run for run in due if run.first == first)
            self._begin_gap(cursor, replace(cause, last=last))

    def _begin_gap(self, cursor: ProductCursor, run: Pending) -> None:
        missing = Runs([(run.first, run.last)])
        gap = Gap(self._source, cursor.product_id, run.first, run.last, run.noticed_at, run.reason, missing)
        self._resume(cursor, gap)
        self.opened += 1
        log.warning("%s: trades %d to %d are missing (%s)", cursor.product_id, run.first, run.last, run.reason)
        self._change(gap)

    def _change(self, gap: Gap) -> None:
        """Have a gap saved and sent; close it when it is no longer open."""
        self._changed[gap.gap_id] = gap
        if not gap.is_open:
            gap.closed_at = self.now()
            self._cursors[gap.product_id].gaps.remove(gap)
            del self._gaps[gap.gap_id]
