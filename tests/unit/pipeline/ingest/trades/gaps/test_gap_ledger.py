"""The ledger: gaps and marks outlive the process, and each change is told."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing

import pytest

from pipeline.errors import ServiceError
from pipeline.id_ranges import Runs
from tests.support.clock import FakeClock
from tests.support.gaps import BTC, Kept


@pytest.fixture
def kept(tmp_path):
    ledger = Kept(tmp_path / "trades" / "gaps.db", FakeClock())
    yield ledger
    ledger.store.close()


def both(kept: Kept, *trade_ids: int) -> None:
    for trade_id in trade_ids:
        kept.ledger.detector.seen(BTC, [trade_id])
        kept.ledger.detector.acknowledged(BTC, [trade_id])


def test_a_gap_is_told_when_it_opens_and_when_it_closes(kept):
    both(kept, 1, 4)
    kept.pass_time()
    both(kept, 2, 3)
    kept.pass_time()
    assert [(state.status, state.filled) for state in kept.told] == [("open", 0), ("filled", 2)]


def test_changes_are_told_at_most_once_a_second(kept):
    both(kept, 1, 9)
    kept.pass_time()
    for trade_id in (2, 3, 4):
        both(kept, trade_id)
        kept.pass_time(0.1)
    assert [state.filled for state in kept.told] == [0]
    kept.pass_time(1)
    assert [state.filled for state in kept.told] == [0, 3]


def test_a_restart_opens_a_gap_from_what_was_acknowledged(kept):
    both(kept, 1, 2)
    kept.ledger.detector.seen(BTC, [3])
    kept.pass_time()
    again = kept.again()
    again.ledger.detector.connected()
    both(again, 6)
    again.pass_time()
    assert [(state.gap_id, state.to_id, state.reason) for state in again.told] == [("coinbase:BTC-USD:3", 5, "restart")]


def test_a_clean_end_leaves_only_what_is_missing(kept):
    both(kept, 1, 3, 4)
    kept.ledger.close()
    again = kept.again()
    both(again, 5)
    again.pass_time()
    assert {(state.gap_id, state.to_id, state.reason) for state in again.told} == {("coinbase:BTC-USD:2", 2, "jump")}
    assert again.ledger.detector.counts()["open_gaps"] == 1


def test_open_gaps_outlive_the_process_with_their_progress(kept):
    both(kept, 1, 9, 10)
    kept.pass_time()
    kept.ledger.detector.sending(BTC, [7, 8])
    both(kept, 3)
    kept.ledger.detector.acknowledged(BTC, [8])
    kept.ledger.detector.lose(BTC, Runs([(5, 5)]), "gone")
    kept.pass_time()
    before = kept.newest()
    again = kept.again()
    assert again.newest() == before
    (wanted,) = again.ledger.detector.wanted()
    assert wanted.runs == ((2, 2), (4, 4), (6, 7)), "what was sent but not acknowledged is wanted again"
    both(again, 2, 4, 6, 7)
    again.pass_time()
    (state,) = again.newest().values()
    assert (state.status, state.filled, state.lost) == ("lost", 6, 1)
    assert state.note == "arrived late: 5; fetched by REST: 1; lost: 1, gone"


def test_a_gap_that_was_closed_above_the_mark_is_not_opened_again(kept):
    kept.ledger.detector.seen(BTC, [1])
    kept.ledger.detector.acknowledged(BTC, [1])
    kept.ledger.detector.seen(BTC, [2])  # never acknowledged
    both(kept, 5)
    kept.pass_time()
    both(kept, 3, 4)
    kept.pass_time()
    kept.clock.sleep(48 * 3600)
    again = kept.again()
    both(again, 9)
    again.pass_time()
    opened = [(state.from_id, state.to_id) for state in again.told if state.reason == "restart"]
    assert opened == [(2, 2), (5, 8)]


def test_what_the_spool_held_is_no_gap(kept):
    both(kept, 1)
    kept.pass_time()
    again = kept.again()
    again.ledger.detector.acknowledged(BTC, [2, 3])  # replayed from the spool before the first frame
    again.ledger.detector.seen(BTC, [6])
    again.ledger.detector.acknowledged(BTC, [4, 5])  # and after it
    again.pass_time()
    assert again.told == []


def open_and_close(kept: Kept) -> None:
    both(kept, 1, 3)
    kept.pass_time()
    both(kept, 2)
    kept.pass_time()


def test_a_state_is_sent_until_kafka_has_acknowledged_it(kept):
    open_and_close(kept)
    kept.clock.sleep(30 * 24 * 3600)
    again = kept.again()
    assert [state.status for state in again.told] == ["filled"], "however long the producer was away"
    again.deliver()
    assert again.again().told == []


def test_the_acknowledgement_of_an_older_state_does_not_count(kept):
    both(kept, 1, 4)
    kept.pass_time()
    before = kept.told[0]
    both(kept, 2)
    kept.pass_time()
    kept.ledger.delivered(before.to_json())
    kept.pass_time()
    assert [state.filled for state in kept.again().told] == [1]


def test_closed_gaps_go_after_a_week_if_kafka_has_them(kept):
    open_and_close(kept)
    kept.clock.sleep(8 * 24 * 3600)
    kept.pass_time()
    assert [state.from_id for state in kept.store.untold()] == [2], "Kafka does not have it yet"
    kept.deliver()
    assert rows(kept) == 1, "it is looked for once an hour"
    kept.clock.sleep(3600)
    kept.pass_time()
    assert rows(kept) == 0
    both(kept, 9)
    kept.pass_time()
    kept.deliver()
    kept.pass_time(30 * 24 * 3600)
    assert rows(kept) == 1, "an open one stays"


def rows(kept: Kept) -> int:
    with closing(sqlite3.connect(kept.path)) as connection:
        return connection.execute("SELECT count(*) FROM gaps").fetchone()[0]


def test_a_file_of_an_earlier_version_is_taken_over(kept):
    open_and_close(kept)
    with closing(sqlite3.connect(kept.path)) as connection:
        connection.execute("ALTER TABLE gaps DROP COLUMN told")
    again = kept.again()
    assert [state.status for state in again.told] == ["filled"]
    again.deliver()
    assert again.again().told == []


def test_what_cannot_be_told_is_told_later(tmp_path):
    clock, told, faults = FakeClock(), [], [ServiceError("Kafka is away")] * 2

    def tell(state):
        if faults:
            raise faults.pop()
        told.append(state)

    kept = Kept(tmp_path / "gaps.db", clock, tell)
    both(kept, 1, 3)
    for _ in range(3):
        kept.pass_time()
    assert [state.from_id for state in told] == [2]
    kept.store.close()


def test_a_file_that_cannot_be_written_stops_nothing(kept, monkeypatch, caplog):
    save = kept.store.save

    def full(*_changes):
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(kept.store, "save", full)
    both(kept, 1, 3)
    kept.pass_time()
    assert kept.told == [], "only what is on disk is told"
    assert "disk is full" in caplog.text
    monkeypatch.setattr(kept.store, "save", save)
    kept.pass_time()
    assert [state.from_id for state in kept.told] == [2]
    assert kept.store.low_water() == {BTC: 3}


def test_sources_are_kept_apart(kept):
    both(kept, 1, 3)
    kept.pass_time()
    other = Kept(kept.path, kept.clock, source="simulator")
    assert other.told == []
    assert other.store.low_water() == {}
    other.store.close()


def test_threads_share_it(kept):
    def follow(product: str) -> None:
        for trade_id in range(1, 2000):
            if trade_id % 10:
                kept.ledger.detector.seen(product, [trade_id])
                kept.ledger.detector.acknowledged(product, [trade_id])

    threads = [threading.Thread(target=follow, args=(product,)) for product in ("A-USD", "B-USD", "C-USD")]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        kept.ledger.tick()
    kept.pass_time()
    assert kept.ledger.detector.counts()["open_gaps"] == 3 * 199
    assert kept.store.low_water() == {"A-USD": 1999, "B-USD": 1999, "C-USD": 1999}
