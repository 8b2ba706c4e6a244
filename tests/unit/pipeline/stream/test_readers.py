"""Readers are noticed by their queries; without them, streams of few records rest between batches."""

from __future__ import annotations

import threading
import time
from typing import Any

import httpx
import pytest
from pyspark.sql import DataFrame

from pipeline.presto import PROBE_SOURCE
from pipeline.stream.readers import BUSY_RATE, READING_S, STARTED_QUERIES, PrestoQueries, Readers, Resting
from tests.support.clock import FakeClock

ROWS: DataFrame = None  # type: ignore[assignment]  # no writer here looks at them


class FakePresto(httpx.MockTransport):
    """Speaks the two resources of Presto's HTTP interface that are asked."""

    def __init__(self) -> None:
        super().__init__(self._answer)
        self.queries: list[dict[str, Any]] = []
        self.lists = 0
        self.status = 200
        self.is_down = False

    def start(self, source: str, second: int) -> None:
        created = f"2026-01-15T12:30:{second:02d}.000Z"
        self.queries.append({"session": {"source": source}, "queryStats": {"createTime": created}})

    def _answer(self, request: httpx.Request) -> httpx.Response:
        if self.is_down:
            raise httpx.ConnectError("refused")
        if request.url.path == httpx.URL(f"http://presto{STARTED_QUERIES}").path:
            return httpx.Response(self.status, text=str(len(self.queries)))
        self.lists += 1
        return httpx.Response(self.status, json=self.queries)


@pytest.fixture
def presto() -> FakePresto:
    return FakePresto()


@pytest.fixture
def queries(presto: FakePresto) -> PrestoQueries:
    return PrestoQueries("http://presto", presto)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def resting_readers(clock: FakeClock, stop: threading.Event | None = None) -> Readers:
    """Return readers that left long ago."""
    readers = Readers(lambda: False, stop or threading.Event(), clock.time)
    clock.sleep(READING_S)
    return readers


def test_a_query_is_new_once(presto: FakePresto, queries: PrestoQueries) -> None:
    assert not queries.are_new()
    presto.start("presto-cli", 1)
    assert queries.are_new()
    assert not queries.are_new()


def test_a_health_probe_is_no_reader(presto: FakePresto, queries: PrestoQueries) -> None:
    presto.start("superset", 1)
    assert queries.are_new()
    presto.start(PROBE_SOURCE, 2)
    assert not queries.are_new()
    presto.start("superset", 3)
    assert queries.are_new()


def test_a_query_without_a_source_is_one(presto: FakePresto, queries: PrestoQueries) -> None:
    presto.queries.append({"session": {}, "queryStats": {"createTime": "2026-01-15T12:30:01.000Z"}})
    assert queries.are_new()


def test_the_list_is_asked_for_only_after_a_query(presto: FakePresto, queries: PrestoQueries) -> None:
    presto.start("presto-cli", 1)
    for _ in range(10):
        queries.are_new()
    assert presto.lists == 1


def test_a_presto_that_is_down_runs_no_query(presto: FakePresto, queries: PrestoQueries) -> None:
    presto.is_down = True
    assert not queries.are_new()


def test_after_its_restart_queries_are_noticed_again(presto: FakePresto, queries: PrestoQueries) -> None:
    for second in (1, 2):
        presto.start("presto-cli", second)
    assert queries.are_new()
    presto.queries.clear()
    assert not queries.are_new()
    presto.start("presto-cli", 3)
    assert queries.are_new()


def test_a_presto_that_does_not_say_may_be_read(
    presto: FakePresto, queries: PrestoQueries, caplog: pytest.LogCaptureFixture
) -> None:
    presto.status = 401
    with caplog.at_level("INFO"):
        assert [queries.are_new() for _ in range(3)] == [True] * 3
    assert caplog.text.count("the streams never rest") == 1


def test_a_start_counts_as_reading(clock: FakeClock) -> None:
    readers = Readers(lambda: False, threading.Event(), clock.time)
    assert readers.are_here
    clock.sleep(READING_S)
    assert not readers.are_here


def test_a_reader_ends_the_wait() -> None:
    came = threading.Event()
    clock = FakeClock()
    readers = Readers(came.is_set, threading.Event(), clock.time)
    clock.sleep(READING_S)
    waiting = threading.Thread(target=readers.await_any, args=(60,))
    waiting.start()
    readers.look()
    waiting.join(0.1)
    assert waiting.is_alive()
    came.set()
    readers.look()
    waiting.join(10)
    assert not waiting.is_alive()


def test_the_stop_ends_the_wait() -> None:
    stop, clock = threading.Event(), FakeClock()
    readers = resting_readers(clock, stop)
    threads = [threading.Thread(target=readers.loop), threading.Thread(target=readers.pause, args=(60,))]
    for thread in threads:
        thread.start()
    stop.set()
    for thread in threads:
        thread.join(10)
    assert not any(thread.is_alive() for thread in threads)


class Recorder(Readers):
    """Remembers how long it was to wait; the clock goes on by that."""

    def __init__(self, clock: FakeClock) -> None:
        super().__init__(lambda: False, threading.Event(), clock.time)
        self._fake = clock
        clock.sleep(READING_S)
        self.waits: list[float] = []

    def await_any(self, seconds: float) -> None:
        self.waits.append(seconds)
        self._fake.sleep(seconds)


@pytest.mark.parametrize(("records", "rests"), [(75, True), (BUSY_RATE * 15 - 1, True), (BUSY_RATE * 15, False)])
def test_a_stream_of_few_records_rests_until_its_next_batch(clock: FakeClock, records: int, *, rests: bool) -> None:
    readers = Recorder(clock)
    numbers: list[int] = []

    def write(_rows: DataFrame, number: int) -> int:
        numbers.append(number)
        clock.sleep(2)
        return int(records)

    writer = Resting(write, readers, 15, clock.time)
    clock.sleep(15)  # since the last batch
    writer(ROWS, 7)
    assert numbers == [7]
    assert readers.waits == ([13] if rests else [])


def test_a_stream_that_does_not_count_always_rests(clock: FakeClock) -> None:
    readers = Recorder(clock)
    Resting(lambda _rows, _number: None, readers, 60, clock.time)(ROWS, 1)
    assert readers.waits == [60]


def test_an_error_is_not_held_back(clock: FakeClock) -> None:
    def fail(_rows: DataFrame, _number: int) -> int:
        raise OSError("no space")

    readers = Recorder(clock)
    with pytest.raises(OSError, match="no space"):
        Resting(fail, readers, 15, clock.time)(ROWS, 1)
    assert readers.waits == []


def test_it_takes_no_rest_while_somebody_reads() -> None:
    readers = Readers(lambda: True, threading.Event())
    begun = time.monotonic()
    Resting(lambda _rows, _number: 1, readers, 600)(ROWS, 1)
    assert time.monotonic() - begun < 60
