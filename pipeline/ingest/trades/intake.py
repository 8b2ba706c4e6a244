"""What happens to each frame, live or replayed: its trade ids go to the gap watch, the frame to Kafka."""

from __future__ import annotations

import gc
import logging
from collections.abc import Sequence
from typing import Protocol

from pipeline.events.raw import MAX_EVENT_BYTES
from pipeline.events.trades import FrameHeaders
from pipeline.ingest.records import Headers
from pipeline.ingest.trades.frames import TRADES, UNREADABLE, Trades, read_frame

log = logging.getLogger(__name__)

ERRORS_KEPT = 1000  # different messages; after those, errors are only counted
CHANNELS_KEPT = 1000


class Sink(Protocol):
    """Who takes records for Kafka: `send` always, `offer` only while Kafka is there."""

    def send(self, value: bytes, key: bytes | None, headers: Headers, trades: Trades = ()) -> None:
        """Take a record."""

    def offer(self, value: bytes, key: bytes | None, headers: Headers, trades: Trades = ()) -> None:
        """Take a record, or raise `ServiceError`."""


def tune_gc() -> None:
    """Have Python look for reference cycles seldom: frames make none, and the search cost as much as their handling."""
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)


class Ledger(Protocol):
    """Who looks for gaps."""

    def seen(self, product: str, trade_ids: Sequence[int]) -> None:
        """Take note of trades that a frame brought."""

    def heartbeat(self, product: str, last_trade_id: int) -> None:
        """Take note of the newest trade that the exchange has made."""


class Intake:
    """Takes frames of one source; this runs for each of them, so it does as little as it can."""

    def __init__(self, source: str, ledger: Ledger, sink: Sink) -> None:
        self._source, self._ledger = source, ledger
        self._send, self._offer = sink.send, sink.offer
        self._headers: dict[str, Headers] = {}  # the part that is the same for all frames of a channel
        self._told: set[str] = set()
        self.frames = self.trades = self.unreadable = self.errors = self.oversize = 0

    def take(self, frame: bytes, received_us: int) -> None:
        """Send a frame as it came; `received_us` is in microseconds since 1970."""
        self.frames += 1
        if len(frame) > MAX_EVENT_BYTES:  # its trades are not noted, so that they become a gap and are fetched
            self.oversize += 1
            log.error("a frame of %d bytes is skipped: it exceeds the topic's limit", len(frame))
            return
        kind, channel, product, trades, last_trade_id, error = read_frame(frame)
        for name, trade_ids in trades:
            self.trades += len(trade_ids)
            self._ledger.seen(name, trade_ids)
        if kind != TRADES:
            self._note(kind, frame, error)
        if last_trade_id is not None and product is not None:
            self._ledger.heartbeat(product, last_trade_id)
        fixed = self._headers.get(channel) or self._fixed(channel)
        headers = [*fixed, ("received_us", b"%d" % received_us)]
        self._send(frame, None if product is None else product.encode(), headers, trades)

    def take_page(self, product: str, frame: bytes, received_us: int) -> None:
        """Send trades that were fetched; the ledger knows of them, and the filler can do it again.

        Raises:
            ServiceError: Kafka is away.
        """
        page = read_frame(frame)
        headers = FrameHeaders(self._source, page.channel, received_us).to_kafka()
        self._offer(frame, product.encode(), headers, page.trades)

    def figures(self) -> dict[str, int]:
        """Return what was counted since the start."""
        return {
            "frames": self.frames,
            "trades": self.trades,
            "unreadable": self.unreadable,
            "errors": self.errors,
            "oversize": self.oversize,
        }

    def _fixed(self, channel: str) -> Headers:
        headers = FrameHeaders(self._source, channel, 0).to_kafka()[:2]
        if len(self._headers) < CHANNELS_KEPT:
            self._headers[channel] = headers
        return headers

    def _note(self, kind: str, frame: bytes, error: str) -> None:
        self.unreadable += kind == UNREADABLE
        self.errors += bool(error)
        if kind == UNREADABLE:
            self._tell("unreadable", "a frame cannot be read; it is kept as it is: %.300r", frame)
        elif error:
            self._tell(error, "the exchange reports: %.300s", error)

    def _tell(self, what: str, message: str, detail: object) -> None:
        """Log each kind of trouble once."""
        if what not in self._told and len(self._told) < ERRORS_KEPT:
            self._told.add(what)
            log.warning(message, detail)
