"""Frames into Kafka, by way of a spool on disk while Kafka is slow or away: what was taken is not lost.

A record is either in the client's queue or in the spool. While the spool holds records that have not been sent, every
new one goes behind them, so that the records of a product stay in order. What Kafka did not take goes (back) to the
spool's end, where it may come twice or later than its neighbours, but it comes. The client's queue dies with the
process; trades in it were never reported as acknowledged, so the ledger of gaps fetches them again.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from confluent_kafka import KafkaError, KafkaException, Producer

from pipeline.errors import ServiceError
from pipeline.events.raw import TOPIC_CONFIG
from pipeline.events.trades import RAW_TRADES
from pipeline.ingest.records import Headers, Record
from pipeline.ingest.spool import Spool
from pipeline.ingest.trades.delivery import Answers, InFlight
from pipeline.ingest.trades.frames import Trades, read_frame
from pipeline.kafka.clients import ClientConfig, client_logger

log = logging.getLogger(__name__)

SLOW_S = 5.0  # Kafka that lets a record wait longer gets no more until it has answered
PAUSE_S = 1.0  # between a failure and the next attempt
QUEUE = 100_000  # records in the client's queue, at most
WINDOW = 20_000  # of which so many from the spool: a restart in the middle sends those again
DRAIN = 2_000  # records from the spool in one call, so that the feed is not kept waiting
POLL_EVERY = 255  # sends, as a mask: delivery reports are processed at least that often
LAST_ANSWERS_S = 2.0
TURN_S = 0.05  # one wait for acknowledgements


class Account(NamedTuple):
    """Who hears of the trades and gap states that Kafka has; `source` is whose trades count, None for any.

    The spool may still hold frames of the market that was in use before; their ids say nothing about this one's gaps.
    """

    acknowledge: Callable[[str, Iterable[int]], None]
    source: str | None = None
    gap_delivered: Callable[[bytes], None] = lambda _value: None

    def trades_of(self, value: bytes, headers: Headers) -> Trades:
        """Return the trades of a spooled frame that count for this account."""
        is_ours = self.source is None or ("source", self.source.encode()) in headers
        return read_frame(value).trades if is_ours else ()


def sink_config(kafka: ClientConfig) -> dict[str, Any]:
    """Return how the sink's client is to work; `kafka` tells how it sends there."""
    return {
        **kafka,
        "client.id": "coinlake-trades",
        "enable.idempotence": True,
        "acks": "all",
        "linger.ms": 20,
        "queue.buffering.max.messages": QUEUE,
        "queue.buffering.max.kbytes": 128 * 1024,
        "delivery.timeout.ms": 300_000,  # then a record goes back to the spool
        "message.max.bytes": int(TOPIC_CONFIG["max.message.bytes"]),
        "partitioner": "murmur2_random",  # a product's partition is the one that Java clients would choose
        "allow.auto.create.topics": False,
        "log.connection.close": False,
        "logger": client_logger(),
    }


def connector(kafka: ClientConfig) -> Callable[[], Producer]:
    """Return a call that makes the sink's client; a client that has lost its place must be recreated."""
    return lambda: Producer(sink_config(kafka))


class FrameSink:
    """Takes records from any thread; someone must call `poll` many times a second."""

    def __init__(
        self,
        connect: Callable[[], Producer],
        spool: Spool,
        max_bytes: int,
        account: Account,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._connect, self._spool, self._max_bytes = connect, spool, max_bytes
        self._account, self._clock = account, clock
        self._lock = threading.RLock()
        self._in_flight = InFlight(clock())
        self._producer = connect()
        self._spooling = spool.unread
        self._broken = False
        self._paused_until = 0.0
        self.full = False  # the feed must stop reading
        self.sent = self.spooled = self.refused = 0

    @property
    def spooling(self) -> bool:
        """Tell whether records go to the disk."""
        return self._spooling

    @property
    def busy(self) -> bool:
        """Tell whether Kafka is behind: who can wait, such as a replay, should."""
        return self._spooling or len(self._producer) > WINDOW

    def figures(self) -> dict[str, int | bool]:
        """Return what the heartbeat tells."""
        return {
            "sent": self.sent,
            "queued": len(self._producer),
            "spooling": self._spooling,
            "spooled": self.spooled,
            "spool_bytes": self._spool.size,
            "spool_full": self.full,
            "refused": self.refused,
        }

    def send(
        self, value: bytes, key: bytes | None, headers: Headers, trades: Trades = (), topic: str = RAW_TRADES.name
    ) -> None:
        """Take a record; `trades` are those in it, told to `acknowledge` once Kafka has them. Never waits."""
        with self._lock:
            if self._spooling or not self._produce(value, key, headers, trades, topic):
                self._keep(Record(value, key, headers, topic))

    def offer(
        self, value: bytes, key: bytes | None, headers: Headers, trades: Trades = (), topic: str = RAW_TRADES.name
    ) -> None:
        """Take a record unless Kafka is away: for those that can be made again.

        Raises:
            ServiceError: not now.
        """
        if self._spooling:
            raise ServiceError("Kafka is away or slow; what it missed comes first")
        self.send(value, key, headers, trades, topic)

    def poll(self) -> None:
        """Process delivery reports, forward what the spool holds, and see whether Kafka keeps up."""
        with self._lock:
            if self._broken:
                self._renew()
            self._producer.poll(0)
            now = self._clock()
            self._in_flight.turn(now, self._spool.position if self._spooling or self._spool.size else None)
            answers = self._in_flight.answers()
            self._take(answers)
            is_slow = self._is_slow()
            if is_slow and not self._spooling:
                self._begin_spooling(f"nothing was acknowledged for {SLOW_S:g} s")
            if self._spooling and not is_slow and now >= self._paused_until:
                self._drain()
            self._look_at_room()
            self._tell(answers)

    def answered_until(self) -> float:
        """Return up to which time all records taken are done with: acknowledged, or given up; -inf with a spool."""
        with self._lock:
            if self._spooling or self._spool.size:
                return float("-inf")
            return self._in_flight.answered_until(self._clock())

    def sync(self) -> None:
        """Bring the spool to the disk itself; call it about once a second."""
        with self._lock:
            self._spool.sync()

    def flush(self, timeout_s: float) -> None:
        """Give Kafka so much time to acknowledge what it was given, and to take what the spool holds."""
        deadline = self._clock() + timeout_s
        while (len(self._producer) or self._spooling) and self._clock() < deadline and not self._is_slow():
            self.poll()
            with self._lock:
                self._producer.poll(TURN_S)
        with self._lock:
            self._producer.poll(0)
            answers = self._in_flight.settle_all()
            self._take(answers)
            self._tell(answers)

    def close(self, timeout_s: float) -> None:
        """Flush and end; what Kafka has not acknowledged in time goes to the spool."""
        self.flush(timeout_s)
        with self._lock:
            self._reclaim()
            answers = self._in_flight.settle_all()
            self._take(answers)
            if self._spool.size:
                log.warning("%d bytes of records stay in the spool for the next start", self._spool.size)
            self._spool.close()
            self._tell(answers)

    def _produce(self, value: bytes, key: bytes | None, headers: Headers, trades: Trades, topic: str) -> bool:
        """Hand a record to the client; return False when it does not take it."""
        batch = self._in_flight.batch
        try:
            # Bytes are among the values that its type information asks for, but a list of them is not.
            self._producer.produce(topic, value, key, on_delivery=batch.delivered, headers=headers)  # type: ignore[arg-type]
        except BufferError:
            self._begin_spooling("the client's queue is full")
            return False
        except KafkaException as refusal:
            return self._is_refused(refusal.args[0], len(value), topic)
        batch.left += 1
        batch.records.append((value, headers, trades, topic))
        self.sent = sent = self.sent + 1
        if not sent & POLL_EVERY:
            self._producer.poll(0)
        return True

    def _keep(self, record: Record) -> None:
        self._spool.append(record)
        self.spooled += 1

    def _drain(self) -> None:
        records = self._spool.read(min(DRAIN, max(0, WINDOW - len(self._producer))))
        for number, (value, key, headers, topic) in enumerate(records):
            if not self._produce(value, key, headers, self._account.trades_of(value, headers), topic):
                for record in records[number:]:
                    self._keep(record)
                return
        if not self._spool.unread:
            self._spooling = False
            log.warning("the spool is handed over; frames go to Kafka again")

    def _take(self, answers: Answers) -> None:
        for error, record in answers.failed:
            if not self._is_refused(error, len(record.value), record.topic):
                self._keep(record)
        if answers.position is not None:
            self._spool.forget(answers.position)

    def _tell(self, answers: Answers) -> None:
        for product, trade_ids in answers.acknowledged.items():
            self._account.acknowledge(product, trade_ids)
        for value in answers.gap_states:
            self._account.gap_delivered(value)

    def _is_refused(self, error: KafkaError, size: int, topic: str) -> bool:
        """Tell whether a record can never be sent; for any other failure, spooling begins."""
        if error.code() == KafkaError.MSG_SIZE_TOO_LARGE:
            self.refused += 1
            log.error("a record of %d bytes is dropped: it is larger than topic %s takes", size, topic)
            return True
        self._paused_until = self._clock() + PAUSE_S
        self._broken |= error.fatal() or error.code() == KafkaError._FATAL  # noqa: SLF001 - its public name
        self._begin_spooling(f"a record was not delivered: {error.str()}")
        return False

    def _is_slow(self) -> bool:
        return self._in_flight.age(self._clock()) > SLOW_S

    def _begin_spooling(self, why: str) -> None:
        if not self._spooling:
            log.warning("Kafka is behind (%s): frames go to the spool", why)
            self._spooling = True

    def _look_at_room(self) -> None:
        is_full = self._spool.stuck or self._spool.size >= self._max_bytes
        if is_full and not self.full:
            log.error("the spool is full (%d bytes): the feed is not read until Kafka is back", self._spool.size)
        elif self.full and not is_full:
            log.warning("the spool has room again: the feed is read")
        self.full = is_full

    def _renew(self) -> None:
        """Start afresh after a fatal error: an idempotent client that lost its place refuses all that follows."""
        log.warning("Kafka's client has lost its place; a new one is made")
        self._reclaim()
        self._producer = self._connect()
        self._broken = False

    def _reclaim(self) -> None:
        """Have the client report all that it still holds as failed."""
        if len(self._producer):
            self._producer.purge()
            self._producer.flush(LAST_ANSWERS_S)
