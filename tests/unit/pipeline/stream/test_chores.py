"""Chores: each when it is due, none stopped by another's failure, and failures wait longer and longer."""

from __future__ import annotations

import logging
import threading

import pytest

from pipeline.stream.chores import LONGEST_WAIT_S, Chore, ChoreRunner
from pipeline.stream.readers import READING_S, Readers
from tests.support.clock import FakeClock


class Work:
    """Counts its runs; fails while told to."""

    def __init__(self) -> None:
        self.runs = 0
        self.fails = False

    def __call__(self) -> None:
        self.runs += 1
        if self.fails:
            raise OSError("a block is lost")


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def runner(clock: FakeClock, **chores: tuple[float, Work]) -> ChoreRunner:
    made = [Chore(name, interval_s, work) for name, (interval_s, work) in chores.items()]
    stop = threading.Event()
    return ChoreRunner(made, stop, Readers(lambda: True, stop), clock.time)


def test_each_chore_runs_at_its_own_interval(clock: FakeClock) -> None:
    often, seldom = Work(), Work()
    chores = runner(clock, often=(10, often), seldom=(60, seldom))
    for _ in range(12):
        clock.sleep(10)
        chores.run_due()
    assert (often.runs, seldom.runs) == (12, 2)


def test_a_failing_chore_stops_none_after_it(clock: FakeClock, caplog: pytest.LogCaptureFixture) -> None:
    bronze, trades = Work(), Work()
    bronze.fails = True
    chores = runner(clock, bronze=(10, bronze), trades=(10, trades))
    for _ in range(3):
        clock.sleep(10)
        chores.run_due()
    assert trades.runs == 3
    assert "a block is lost" in caplog.text, "the traceback is logged"
    assert chores.failing == {"bronze": bronze.runs}


def test_a_failing_chore_backs_off_and_recovers(clock: FakeClock, caplog: pytest.LogCaptureFixture) -> None:
    work = Work()
    work.fails = True
    chores = runner(clock, bronze=(10, work))
    with caplog.at_level(logging.CRITICAL):
        for _ in range(360):
            clock.sleep(10)
            chores.run_due()
    assert work.runs == 10  # the waits grow from 20 s to 600 s: not 360 runs in the hour
    work.fails = False
    clock.sleep(LONGEST_WAIT_S)
    chores.run_due()
    assert chores.failing == {}
    runs = work.runs
    clock.sleep(10)
    chores.run_due()
    assert work.runs == runs + 1


def test_a_failure_while_stopping_is_not_reported(clock: FakeClock, caplog: pytest.LogCaptureFixture) -> None:
    stop = threading.Event()

    def close() -> None:
        stop.set()
        raise ConnectionError("the session is closed")

    work = Work()
    readers = Readers(lambda: True, stop)
    chores = ChoreRunner([Chore("closing", 10, close), Chore("next", 10, work)], stop, readers, clock.time)
    clock.sleep(10)
    chores.run_due()
    assert (work.runs, chores.failing, caplog.text) == (0, {}, "")


def test_what_only_serves_readers_is_done_less_often_without_them(clock: FakeClock) -> None:
    stop, work = threading.Event(), Work()
    queries = [False]
    readers = Readers(lambda: queries[0], stop, clock.time)
    chores = ChoreRunner([Chore("refresh", 5, work, 30)], stop, readers, clock.time)
    clock.sleep(READING_S)
    chores.run_due()
    assert work.runs == 1
    for _ in range(60):
        clock.sleep(1)
        readers.look()
        chores.run_due()
    assert work.runs == 3
    queries[0] = True
    clock.sleep(6)
    readers.look()
    chores.run_due()
    assert work.runs == 4, "a reader does not wait for the longer interval to end"


def test_the_loop_ends_with_the_stop() -> None:
    stop = threading.Event()
    chores = ChoreRunner([Chore("once", 0.01, stop.set)], stop, Readers(lambda: True, stop))
    thread = threading.Thread(target=chores.loop)
    thread.start()
    thread.join(10)
    assert not thread.is_alive()
