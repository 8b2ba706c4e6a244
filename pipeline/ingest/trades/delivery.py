"""What Kafka's client has been given and not answered for: kept by batches, so that a record costs next to nothing."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from confluent_kafka import KafkaError, Message

from pipeline.events.trades import TRADE_GAPS
from pipeline.ingest.records import Headers, Record
from pipeline.ingest.spool import Position
from pipeline.ingest.trades.frames import Trades

BATCH_S = 0.1  # what is sent within this time is acknowledged together

DeliveryReport = Callable[[KafkaError | None, Message], None]


class Batch:
    """Records handed over about the same time; `left` counts those that Kafka has not answered for."""

    __slots__ = ("began", "failures", "left", "position", "records")

    def __init__(self, began: float) -> None:
        self.began = began
        self.left = 0
        self.records: list[tuple[bytes, Headers, Trades, str]] = []  # a delivery report comes without the headers
        self.failures: list[tuple[KafkaError, Message]] = []
        self.position: Position | None = None  # up to there the spool's records are in this batch or before it

    def delivered(self, error: KafkaError | None, message: Message) -> None:
        """Take a delivery report; failures are kept for `InFlight.answers`."""
        self.left -= 1
        if error is not None:
            self.failures.append((error, message))


@dataclass
class Answers:
    """What Kafka has answered: trades and gap states that it has, records that it has not, the spool's progress."""

    acknowledged: dict[str, list[int]] = field(default_factory=dict)  # by product
    gap_states: list[bytes] = field(default_factory=list)
    failed: list[tuple[KafkaError, Record]] = field(default_factory=list)
    position: Position | None = None


class InFlight:
    """The batches under way, oldest first; the last one is being filled."""

    def __init__(self, now: float) -> None:
        self.batch = Batch(now)
        self._waiting: deque[Batch] = deque()

    def turn(self, now: float, position: Position | None) -> bool:
        """Begin another batch when this one is old enough; return whether that was so."""
        batch = self.batch
        if now - batch.began < BATCH_S or not (batch.left or batch.records or position):
            return False
        batch.position = position
        self._waiting.append(batch)
        self.batch = Batch(now)
        return True

    def age(self, now: float) -> float:
        """Return for how many seconds the oldest record has waited for its answer."""
        return max((now - batch.began for batch in self._waiting if batch.left), default=0.0)

    def answered_until(self, now: float) -> float:
        """Return up to which time nothing that was handed over is still waiting for its answer."""
        filling = [self.batch] if self.batch.left or self.batch.records else []
        return min((batch.began for batch in (*self._waiting, *filling)), default=now)

    def answers(self) -> Answers:
        """Return the news of all batches that are answered for in full, and all failures."""
        found = Answers()
        while self._waiting and not self._waiting[0].left:
            self._settle(self._waiting.popleft(), found)
        for batch in (*self._waiting, self.batch):
            self._take_failures(batch, found)
        return found

    def settle_all(self) -> Answers:
        """Return the news of the batch that is being filled, too."""
        self._waiting.append(self.batch)
        self.batch = Batch(self.batch.began)
        return self.answers()

    def _settle(self, batch: Batch, found: Answers) -> None:
        self._take_failures(batch, found)
        for value, _, trades, topic in batch.records:
            for product, ids in trades:
                found.acknowledged.setdefault(product, []).extend(ids)
            if topic == TRADE_GAPS.name:
                found.gap_states.append(value)
        found.position = batch.position or found.position

    def _take_failures(self, batch: Batch, found: Answers) -> None:
        if not batch.failures:
            return
        headers = {value: given for value, given, _, _ in batch.records}
        for error, message in batch.failures:
            record = _record(message, headers)
            found.failed.append((error, record))
        failed = {record.value for _, record in found.failed}
        batch.records = [kept for kept in batch.records if kept[0] not in failed]
        batch.failures.clear()


def _record(message: Any, headers: dict[bytes, Headers]) -> Record:  # noqa: ANN401  # its types say less than we know
    value = message.value() or b""
    return Record(value, message.key(), headers.get(value, []), message.topic())
