"""The replay itself: pieces to Kafka at a rate; its position follows what Kafka has acknowledged."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from pipeline.events.candles import BITCOIN_DATA
from pipeline.events.raw import DEAD_LETTERS
from pipeline.failpoints import reach
from pipeline.ingest.replay.pieces import Order, pieces
from pipeline.ingest.replay.positions import Position, PositionFile
from pipeline.ingest.replay.producer import BlockProducer
from pipeline.ingest.replay.sources import RowSource

TURNS_A_SECOND = 10  # from that rate on, several candles are sent at once
SETTLE_S = 1.0  # between two positions kept at a low rate
INTERRUPT_S = 3.0


class Schedule:
    """Spreads candles evenly; one that is a second late starts from now: no outage is followed by a burst."""

    def __init__(
        self,
        rate: float | None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Take candles a second; None is as fast as they can be sent."""
        self._rate, self._clock, self._sleep = rate, clock, sleep
        self._due = clock()

    @property
    def piece(self) -> int | None:
        """How many candles are sent at once; None for a whole block."""
        return None if self._rate is None else max(1, int(self._rate / TURNS_A_SECOND))

    def await_turn(self, candles: int) -> None:
        """Return when so many candles may be sent."""
        if self._rate is None:
            return
        now = self._clock()
        if self._due > now:
            self._sleep(self._due - now)
        elif now - self._due > 1:
            self._due = now
        self._due += candles / self._rate


@dataclass(frozen=True)
class Progress:
    """How far a run is: `done` in the source's units, `position` as acknowledged, and whether Kafka is waited for."""

    done: int
    position: Position
    waiting_s: float = 0.0


@dataclass(frozen=True)
class Replay:
    """What a run works with; `tell` is called after each piece and while Kafka is waited for."""

    rows: RowSource
    order: Order
    producer: BlockProducer
    file: PositionFile
    tell: Callable[[Progress], None]

    def run(self, schedule: Schedule) -> Position:
        """Send everything that follows the kept position, and return the last one.

        Raises:
            ServiceError: Kafka refuses the records for good.
            KeyboardInterrupt: what Kafka had a moment later is kept.
        """
        kept = sent = self.file.read()
        if kept.is_finished:
            return kept
        key, saved_at, done = self.order.product_id.encode(), time.monotonic(), 0
        try:
            for piece in pieces(self.rows, self.order, kept, schedule.piece):
                if schedule.piece is None or time.monotonic() - saved_at > SETTLE_S:
                    kept, saved_at = self._keep(sent, done), time.monotonic()
                schedule.await_turn(len(piece.candles))
                self.producer.send(DEAD_LETTERS.name, piece.letters, None)
                self.producer.send(BITCOIN_DATA.name, piece.candles, key)
                sent, done = piece.after, piece.done
                self.tell(Progress(done, sent))
            return self._keep(replace(sent, is_finished=True), done)
        except KeyboardInterrupt:
            if self.producer.settle(lambda _waited: None, INTERRUPT_S):
                self.file.write(sent)
            raise

    def _keep(self, sent: Position, done: int) -> Position:
        """Return once Kafka has all that was sent and the position is kept."""
        self.producer.settle(lambda waited: self.tell(Progress(done, sent, waited)))
        reach("replay.acknowledged")
        self.file.write(sent)
        return sent
