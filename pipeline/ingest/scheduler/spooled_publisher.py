"""Live prices and candles into Kafka by way of a spool on disk: the price of an instant cannot be asked for again.

Records go to the disk first, which costs one fsync a poll, and leave it in order once Kafka has acknowledged them. So
neither an outage of Kafka nor a kill at any moment loses one. Those whose acknowledgement got lost are sent twice; the
silver table keeps one.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable
from typing import Protocol

from pipeline.errors import ServiceError
from pipeline.ingest.records import Record
from pipeline.ingest.scheduler.producer import Published, Sendable, record_of
from pipeline.ingest.spool import Spool

log = logging.getLogger(__name__)

BATCH = 2_000  # records


class SpooledError(ServiceError):
    """Kafka has not taken what was published; it waits on disk and is sent later."""

    def __init__(self, count: int, reason: str) -> None:
        super().__init__(f"{reason}; {count} records wait on disk")


class RecordProducer(Protocol):
    """Sends records; returns once Kafka has all of them, else raises `ServiceError`."""

    def publish_records(self, records: Iterable[Record]) -> Published:
        """Send the records."""
        ...


class SpooledPublisher:
    """Publishes at once while Kafka is there, else keeps; `drain` has to be called every few seconds."""

    def __init__(self, producer: RecordProducer, spool: Spool, max_bytes: int) -> None:
        self._producer, self._spool, self._max_bytes = producer, spool, max_bytes
        self._lock = threading.Lock()  # for the spool; never held while Kafka is waited for
        self._sending = threading.Lock()
        self._away = False  # Kafka was, at the last attempt: only `drain` tries again, so that no poll waits for it

    def publish(self, items: Iterable[Sendable]) -> Published:
        """Send the items, after all that waits.

        Raises:
            SpooledError: Kafka is away; the items are on the disk.
            ServiceError: Kafka is away and the spool is full; the items are lost.
        """
        records = [record_of(item) for item in items]
        with self._lock:
            self._keep(records)
            stuck = self._spool.stuck  # a full disk must not hold up the prices
        if self._away or not self._sending.acquire(blocking=False):
            raise SpooledError(len(records), "Kafka has not taken earlier records yet")
        try:
            return self._producer.publish_records(records) if stuck else self._hand_over()
        except ServiceError as error:
            raise SpooledError(len(records), str(error)) from error
        finally:
            self._sending.release()

    def drain(self) -> None:
        """Hand over what waits; do nothing while another call is at it."""
        if not self._spool.unread or not self._sending.acquire(blocking=False):
            return
        try:
            self._hand_over()
        except ServiceError as error:
            log.warning("%d bytes of prices still wait on disk: %s", self._spool.size, error)
        finally:
            self._sending.release()

    def close(self) -> None:
        """Close the spool; the next start sends what waits."""
        with self._lock:
            self._spool.close()

    def _hand_over(self) -> Published:
        """Send everything, oldest first; raise `ServiceError` with the rest still in the spool."""
        events = dead_letters = 0
        while True:
            with self._lock:
                before = self._spool.position
                records = self._spool.read(BATCH)
                if not records:
                    self._away = False
                    return Published(events, dead_letters)
            try:
                published = self._producer.publish_records(records)
            except ServiceError:
                with self._lock:
                    self._spool.position = before
                    self._away = True
                raise
            with self._lock:
                self._spool.forget(self._spool.position)
            events, dead_letters = events + published.events, dead_letters + published.dead_letters

    def _keep(self, records: list[Record]) -> None:
        if self._spool.size >= self._max_bytes:
            raise ServiceError(f"Kafka is away and the spool is full: {len(records)} records are lost")
        for record in records:
            self._spool.append(record)
        self._spool.sync()
