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

from pipeline.events.trades import DROPPED, JUMP, RECONNECT, RESTART
from pipeline.id_ranges import Runs
from pipeline.ingest.trades.gap import Changes, Gap, Hole, SavedGap, Wanted
from pipeline.ingest.trades.locked import locked
from pipeline.ingest.trades.track import NEVER, Candidate, Pending, Track

log = logging.getLogger(__name__)

SETTLE_S = 2.0  # frames that come in another order within this time open no gap
FAR = 1000  # an id this far below the expected one is no repeat of a moment ago
CONFIRMATIONS = 3  # so many consecutive frames far below: the id sequence was reset
HIGHEST_ID = 2**62  # a bigint with room to count on


class GapWatch:
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
        self._tracks: dict[str, Track] = {}
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
            self._tracks[product] = Track(product, low + 1, low, reason=RESTART, reason_at=low + 1)
        for saved in gaps:
            gap = Gap.of(saved)
            track = self._tracks.get(gap.product_id)
            if track is None:
                self._waiting[gap.product_id] += [gap] if gap.missing else []
                continue
            if gap.to_id > track.low:
                track.account(gap.from_id, gap.to_id)
            if gap.missing:
                self._resume(track, gap)

    @locked
    def connected(self, products: Iterable[str] | None = None) -> None:
        """Note a new connection for these products (all): the next jump of each is put down to it."""
        for product in self._tracks if products is None else products:
            track = self._tracks.get(product)
            if track is not None and track.reason_at != track.next:
                track.reason, track.reason_at = RECONNECT, track.next

    def seen(self, product: str, trade_ids: Sequence[int]) -> None:
        """Take note of trades that a frame of the feed brought, in any order; not of those fetched by REST."""
        with self.lock:  # `locked` would cost a microsecond, for each frame
            track = self._tracks.get(product)
            if track is not None and len(trade_ids) == 1 and trade_ids[0] == track.next:
                track.next += 1
            else:
                self._place_all(product, track, trade_ids)

    def _place_all(self, product: str, track: Track | None, trade_ids: Sequence[int]) -> None:
        ids = sorted(trade_id for trade_id in trade_ids if 0 < trade_id < HIGHEST_ID)
        if not ids:
            return
        if track is None:
            track = self._begin(product, ids[0])
        below = [trade_id for trade_id in ids if not self._place(track, trade_id)]
        if below:
            self._doubt(track, below[0], below)

    @locked
    def heartbeat(self, product: str, last_trade_id: int) -> None:
        """Take note of the newest id that the exchange has made."""
        if not 0 <= last_trade_id < HIGHEST_ID:
            return
        track = self._tracks.get(product) or self._begin(product, last_trade_id + 1)
        if last_trade_id < track.next - FAR:
            self._doubt(track, last_trade_id + 1, ())
        elif last_trade_id >= track.next:
            self._miss(track, last_trade_id)
        elif last_trade_id == track.next - 1:
            track.reason_at = NEVER  # nothing was missed while we were away

    @locked
    def acknowledged(self, product: str, trade_ids: Iterable[int]) -> None:
        """Take note of trades that Kafka has, whichever way they came."""
        track = self._tracks.get(product)
        if track is None:
            return
        for trade_id in trade_ids:
            if trade_id == track.low + 1 and not track.beyond.total and not track.pending:
                track.low = trade_id
            else:
                self._acknowledge(track, trade_id)

    @locked
    def settle(self, at_once: bool = False) -> None:
        """Open a gap for each run that has been missing longer than the settle time, or for all of them."""
        limit = float("inf") if at_once else self._clock() - self._settle_s
        for track in self._tracks.values():
            if track.pending:
                self._open(track, limit)

    @locked
    def check_answers(self, answered_until: float) -> None:
        """Open gaps for trades that came and were lost on the way to Kafka: see `Track.check_answers`."""
        now = self._clock()
        for track in self._tracks.values():
            for first, last in track.check_answers(now, answered_until):
                self._begin_gap(track, Pending(first, last, now, self.now(), DROPPED))

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
        track = self._tracks[product]
        for gap in [gap for first, last in runs for gap in track.gaps_within(first, last)]:
            if gap.lose(runs, why):
                self._change(gap)

    @locked
    def reopen(self, hole: Hole) -> bool:
        """Have what the table lacks fetched, though it was accounted for; return False until the product is watched.

        Ids between the low-water mark and the next one expected are on their way, so they are left alone.
        """
        track = self._tracks.get(hole.product_id)
        if track is None:
            return False
        runs = Runs([(hole.from_id, min(hole.to_id, HIGHEST_ID))])
        runs.discard(track.low + 1, track.next - 1)
        for gap in track.gaps_within(hole.from_id, hole.to_id):
            if gap.want_again(runs):
                self._change(gap)
            runs.discard(gap.from_id, gap.to_id)
        for first, last in runs:
            self._begin_gap(track, Pending(first, last, self._clock(), self.now(), hole.reason))
        return True

    @locked
    def wanted(self) -> list[Wanted]:
        """Return the open gaps, oldest first, with what is to be fetched of each."""
        return [gap.wanted() for gap in self._gaps.values()]

    @locked
    def counts(self) -> dict[str, int]:
        """Return how many gaps are open and how many trades that is, gaps opened and id restarts since the start."""
        missing = sum(gap.missing.total for gap in self._gaps.values())
        return {
            "open_gaps": len(self._gaps),
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
        return Changes(gaps, {track.product_id: track.low for track in self._tracks.values()}, begun)

    def _begin(self, product: str, first: int) -> Track:
        """Start to watch a product; whether anything is missing before `first`, only the table can tell."""
        track = self._tracks[product] = Track(product, first, first - 1)
        self._begun[product] = first
        for gap in self._waiting.pop(product, []):
            self._resume(track, gap)
        return track

    def _resume(self, track: Track, gap: Gap) -> None:
        track.open(gap)
        self._gaps[gap.gap_id] = gap

    def _gap_at(self, product: str, trade_id: int) -> Gap | None:
        track = self._tracks.get(product)
        return None if track is None else track.gap_at(trade_id)

    def _place(self, track: Track, trade_id: int) -> bool:
        """Put an id where it belongs; return False for one that is far below all that can be expected."""
        if trade_id >= track.next:
            self._miss(track, trade_id - 1)
            track.next = trade_id + 1
        elif not track.arrive(trade_id):
            gap = track.gap_at(trade_id)
            if gap is not None and trade_id in gap.missing:
                gap.here.add(trade_id, trade_id)
            elif trade_id == track.next - 1:
                track.reason_at = NEVER  # the newest trade again: nothing was missed while we were away
            else:
                return trade_id >= track.next - FAR  # a repeat
        return True

    def _miss(self, track: Track, last: int) -> None:
        """Note that all ids from the expected one up to `last` are missing, except what is accounted for."""
        reason = track.reason if track.reason_at == track.next else JUMP
        for start, end in track.beyond.lacking(max(track.next, track.low + 1), last):
            track.pending.append(Pending(start, end, self._clock(), self.now(), reason))
        track.next = last + 1

    def _doubt(self, track: Track, start: int, trade_ids: Sequence[int]) -> None:
        """Note ids far below the expected one; some in a row, with none at the top between, are a new count."""
        candidate = track.candidate
        if candidate is None or candidate.top != track.next:
            candidate = track.candidate = Candidate(track.next, start)
        candidate.frames += not (trade_ids and candidate.ids.issuperset(trade_ids))
        candidate.start = min(candidate.start, start)
        candidate.ids.update(trade_ids)
        if candidate.frames >= CONFIRMATIONS:
            self._restart_count(track, candidate)

    def _restart_count(self, track: Track, candidate: Candidate) -> None:
        log.warning(
            "%s: the exchange reset its trade ids: %d after %d; watching restarts from there",
            track.product_id,
            candidate.start,
            track.next - 1,
        )
        self.restarts += 1
        self._open(track, float("inf"))
        track.restart(candidate.start)
        self.seen(track.product_id, sorted(candidate.ids))
        self.acknowledged(track.product_id, candidate.acknowledged)

    def _acknowledge(self, track: Track, trade_id: int) -> None:
        gap = track.gap_at(trade_id)
        if gap is not None and gap.acknowledged(trade_id):
            self._change(gap)
        elif trade_id > track.low:
            track.arrive(trade_id)
            track.account(trade_id, trade_id)
        elif track.candidate is not None and trade_id in track.candidate.ids:
            track.candidate.acknowledged.append(trade_id)

    def _open(self, track: Track, limit: float) -> None:
        """Make gaps of what has been missing since before `limit`; runs that touch become one."""
        due = [run for run in track.pending if run.since <= limit]
        track.pending = [run for run in track.pending if run.since > limit]
        for first, last in Runs((run.first, run.last) for run in due):
            cause = next(run for run in due if run.first == first)
            self._begin_gap(track, replace(cause, last=last))

    def _begin_gap(self, track: Track, run: Pending) -> None:
        missing = Runs([(run.first, run.last)])
        gap = Gap(self._source, track.product_id, run.first, run.last, run.noticed_at, run.reason, missing)
        self._resume(track, gap)
        self.opened += 1
        log.warning("%s: trades %d to %d are missing (%s)", track.product_id, run.first, run.last, run.reason)
        self._change(gap)

    def _change(self, gap: Gap) -> None:
        """Have a gap saved and told; close it when nothing is missing."""
        self._changed[gap.gap_id] = gap
        if not gap.missing:
            gap.closed_at = self.now()
            self._tracks[gap.product_id].gaps.remove(gap)
            del self._gaps[gap.gap_id]
