"""Whether somebody reads the lake, and waiting that ends as soon as somebody does.

A batch, a refresh and a look at a table cost much the same however little there is to do. While nobody queries Presto
and few records come, they are therefore done less often; the first query brings the usual pace back within a second.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

import httpx
from pyspark.sql import DataFrame

from pipeline.own_http import own_client
from pipeline.presto import PROBE_SOURCE

log = logging.getLogger(__name__)

LOOK_S = 1.0
READING_S = 60.0
"""How long after a query somebody is taken to be reading: a dashboard that refreshes twice a minute always is."""

ANSWER_S = 5.0
STARTED_QUERIES = "/v1/jmx/mbean/com.facebook.presto.execution:name=QueryManager/StartedQueries.TotalCount"
BUSY_RATE = 100.0  # records a second; from here on the stream never rests

Write = Callable[[DataFrame, int], int | None]
"""Writes a batch; returns how many records it held, or None where it did not count them."""


class PrestoQueries:
    """Notices the queries that reach Presto; health probes are none."""

    def __init__(self, presto_url: str, transport: httpx.BaseTransport | None = None) -> None:
        self._client = own_client(base_url=presto_url, timeout=ANSWER_S, transport=transport)
        self._count: int | None = None
        self._newest = ""
        self._refusal: str | None = None

    def are_new(self) -> bool:
        """Return whether queries were started since the last call.

        A Presto that is down runs none. One that does not say, because it wants a password, may run any: yes, always.
        """
        try:
            count = int(self._get(STARTED_QUERIES).text)
            if count == self._count:
                return False
            newest = max((query["queryStats"]["createTime"] for query in self._queries()), default="")
        except httpx.TransportError:
            return False
        except (httpx.HTTPStatusError, ValueError, KeyError, TypeError) as error:
            self._report(str(error).partition("\n")[0])
            return True
        self._refusal = None
        self._count = count
        is_new, self._newest = newest > self._newest, max(newest, self._newest)
        return is_new

    def _queries(self) -> list[dict[str, dict[str, str]]]:
        listed = self._get("/v1/query").json()
        return [query for query in listed if query["session"].get("source") != PROBE_SOURCE]

    def _get(self, path: str) -> httpx.Response:
        return self._client.get(path).raise_for_status()

    def _report(self, refusal: str) -> None:
        if refusal != self._refusal:
            log.info("Presto does not say whether it is queried, so the streams never rest: %s", refusal)
        self._refusal = refusal


class Readers:
    """Remembers when the lake was last read. One thread runs `loop`; any thread may ask and wait.

    A start counts as reading: what has piled up is written at the usual pace.
    """

    def __init__(
        self, are_new: Callable[[], bool], stop: threading.Event, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._are_new = are_new
        self._stop = stop
        self._clock = clock
        self._seen_at = clock()
        self._changed = threading.Condition()

    @property
    def are_here(self) -> bool:
        """Whether the lake was read lately."""
        return self._clock() - self._seen_at < READING_S

    def loop(self) -> None:
        """Look for readers until the stop; then whoever waits is let go."""
        while not self._stop.wait(LOOK_S):
            self.look()
        with self._changed:
            self._changed.notify_all()

    def look(self) -> None:
        """Look once."""
        if self._are_new():
            with self._changed:
                self._seen_at = self._clock()
                self._changed.notify_all()

    def await_any(self, seconds: float) -> None:
        """Return when somebody reads, at the stop, or after so many seconds."""
        with self._changed:
            self._changed.wait_for(lambda: self.are_here or self._stop.is_set(), seconds)

    def pause(self, seconds: float) -> None:
        """Return after so many seconds or at the stop; if nobody reads yet, also as soon as somebody does."""
        if self.are_here:
            self._stop.wait(seconds)
        else:
            self.await_any(seconds)


class Resting:
    """A stream's writer that, after a batch, waits while nobody reads: Spark starts no batch meanwhile.

    What it wrote can be read, though Spark takes the batch as done only after the rest: a crash in it makes Spark run
    the batch again, and the tables skip what they have.
    """

    def __init__(
        self, write: Write, readers: Readers, rest_s: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._write = write
        self._readers = readers
        self._rest_s = rest_s
        self._clock = clock
        self._begun = clock()

    def __call__(self, rows: DataFrame, batch_id: int) -> None:
        """Write one batch, and rest until `rest_s` after its beginning if fewer than `BUSY_RATE` records come."""
        begun, before = self._clock(), self._begun
        self._begun = begun
        records = self._write(rows, batch_id)
        if records is None or records < BUSY_RATE * (begun - before):
            self._readers.await_any(begun + self._rest_s - self._clock())
