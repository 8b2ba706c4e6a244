"""A Kafka that was replaced, or a ledger that was lost: what the table lacks is fetched again."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

import pytest

from pipeline.errors import PrestoUnreachableError, ServiceError
from pipeline.ingest.trades import service as service_module
from pipeline.ingest.trades.backfill.table_check import TableCheck
from pipeline.ingest.trades.backfill.trades_table import TradesTable
from pipeline.ingest.trades.gaps.gap import Hole
from tests.support.clock import FakeClock
from tests.support.gaps import BTC, Kept
from tests.support.trade_lake import TableInMemory, match

TEN = datetime(2024, 11, 24, 10)
HOUR = timedelta(hours=1)


@pytest.fixture
def table():
    return TableInMemory()


@pytest.fixture
def kept(tmp_path):
    ledger = Kept(tmp_path / "gaps.db", FakeClock())
    yield ledger
    ledger.store.close()


def acknowledged(kept, *trade_ids):
    kept.ledger.detector.seen(BTC, trade_ids)
    kept.ledger.detector.acknowledged(BTC, trade_ids)
    kept.pass_time()


def check(kept, table):
    TableCheck(kept.store, TradesTable(table, "coinbase")).run_once()
    kept.pass_time()


def missing(kept):
    return [run for gap in kept.ledger.detector.wanted() for run in gap.runs]


def test_what_only_the_old_kafka_had_is_fetched(lake, table, monkeypatch):
    monkeypatch.setattr(service_module, "Presto", lambda *_values: table)
    sent = [5, 6, 7, 8]

    async def play(socket):
        for number in sent:
            await socket.send(match(number))

    async def run():
        async with lake.running(play):
            await lake.until(lambda: lake.ids() == [5, 6, 7, 8])
        table.add_trades([5, 6], TEN)  # the others Spark had not read
        table.add_hour(TEN, 0, 6)
        lake.kafka.log.clear()
        lake.kafka_id, table.up = "cluster/another", False
        sent[:] = [11, 12]
        async with lake.running(play):
            await lake.until(lambda: lake.ids() == [11, 12])
            assert lake.gaps() == {}, "the feed does not wait for Presto"
            table.up = True
            await lake.until(lambda: lake.ids() == [7, 8, 9, 10, 11, 12])
            await lake.until(lambda: lake.gaps() == {"coinbase:BTC-USD:7": (7, 10, "filled")})

    asyncio.run(run())
    assert {state["reason"] for state in lake.states()} == {"kafka_replaced"}


def test_a_kafka_that_is_replaced_meanwhile_ends_the_service(lake, monkeypatch):
    monkeypatch.setattr(service_module, "IDENTITY_S", 0.02)

    async def play(_socket):
        pass

    async def run():
        async with lake.running(play) as task:
            await lake.until(lambda: lake.beat()["connected"])
            lake.kafka_id = "cluster/another"
            await lake.until(task.done)

    with pytest.raises(ServiceError, match="recreated"):
        asyncio.run(run())


def test_the_marks_of_another_kafka_do_not_count(kept):
    acknowledged(kept, 1, 2)
    kept.deliver()
    kept.ledger.adopt("one")
    assert kept.store.low_water() == {BTC: 2}, "a file of an earlier version is this Kafka's"
    kept.ledger.adopt("one")
    assert kept.store.low_water() == {BTC: 2}
    kept.ledger.adopt("two")
    again = kept.again()
    acknowledged(again, 9)
    assert again.ledger.detector.counts()["open_gaps"] == 0
    assert again.store.unchecked() == {BTC: 9}


def test_open_gaps_and_untold_states_outlive_the_old_kafka(kept):
    acknowledged(kept, 1, 4)
    acknowledged(kept, 8)
    acknowledged(kept, 5, 6, 7)
    kept.deliver()
    kept.ledger.adopt("one")
    kept.ledger.adopt("two")
    again = kept.again()
    assert {(state.from_id, state.status) for state in again.told} == {(2, "open"), (5, "filled")}
    assert missing(again) == [], "until the product is traded again"
    acknowledged(again, 20)
    assert missing(again) == [(2, 3)]


def test_holes_and_the_stretch_after_the_tables_last_trade_become_gaps(kept, table):
    table.add_trades([100, 101, 105], TEN - 5 * HOUR)
    table.add_hour(TEN - 5 * HOUR, 3, 105)
    table.add_trades([106, 110], TEN)
    table.add_hour(TEN, 3, 110)
    table.add_gap(107, 107, 0)
    acknowledged(kept, 200)
    check(kept, table)
    assert missing(kept) == [(102, 104), (107, 109), (111, 199)]
    assert kept.store.unchecked() == {}
    asked = table.statements
    check(kept, table)
    assert table.statements == asked, "once is enough"
    assert {state.reason for state in kept.newest().values()} == {"not_in_table"}


def test_what_the_new_feed_brought_to_the_table_ends_the_search(kept, table):
    table.add_trades([100, 101], TEN - 30 * HOUR)
    table.add_hour(TEN - 30 * HOUR, 0, 101)
    table.add_trades([200, 203], TEN)
    table.add_hour(TEN, 100, 203)
    acknowledged(kept, 200)
    check(kept, table)
    assert missing(kept) == [(102, 199)]


@pytest.mark.parametrize("status", ["lost", "unavailable"])
def test_trades_that_were_given_up_are_not_asked_for_again(kept, table, status):
    table.add_trades([100, 104, 110], TEN)
    table.add_hour(TEN, 8, 110)
    table.add_gap(101, 103, 3, status)
    table.add_gap(105, 109, 2)  # of its other three, Kafka only had them
    acknowledged(kept, 111)
    check(kept, table)
    assert missing(kept) == [(105, 109)]


def test_another_numbering_is_no_hole(kept, table):
    table.add_trades([9_000_000_000, 9_000_000_001], TEN)
    table.add_hour(TEN, 0, 9_000_000_001)
    table.add_trades([5, 6], TEN + HOUR)
    table.add_hour(TEN + HOUR, 0, 6)
    acknowledged(kept, 8)
    check(kept, table)
    assert missing(kept) == [(7, 7)]


def test_an_empty_table_lacks_nothing(kept, table):
    acknowledged(kept, 8)
    check(kept, table)
    assert (missing(kept), kept.store.unchecked()) == ([], {})


def test_presto_is_asked_until_it_answers(kept, table):
    table.up = False
    acknowledged(kept, 8)
    with pytest.raises(PrestoUnreachableError):
        check(kept, table)
    again = kept.again()
    assert again.store.unchecked() == {BTC: 8}


def test_a_hole_is_a_gap_or_still_on_disk_whenever_the_process_dies(kept):
    kept.store.add_holes([Hole(BTC, 3, 5, "not_in_table")])
    kept.pass_time()
    again = kept.again()
    assert [hole.from_id for hole in again.store.holes()] == [3], "the product is not watched yet"
    acknowledged(again, 9)
    assert again.store.holes() == []
    assert missing(again) == [(3, 5)]
    assert missing(again.again()) == [(3, 5)]


def test_a_hole_within_an_open_gap_widens_it(kept):
    acknowledged(kept, 1, 9)
    acknowledged(kept, 2, 3, 4)
    kept.store.add_holes([Hole(BTC, 3, 12, "not_in_table")])
    kept.pass_time()
    assert missing(kept) == [(3, 8), (9, 12)]
    (state, other) = sorted(kept.newest().values(), key=lambda one: one.from_id)
    assert (state.from_id, state.to_id, state.filled, state.status) == (2, 8, 1, "open")
    assert (other.from_id, other.reason) == (9, "not_in_table")


def test_what_is_on_its_way_is_not_reopened(kept):
    acknowledged(kept, 1)
    kept.ledger.detector.seen(BTC, [2, 3])
    kept.store.add_holes([Hole(BTC, 2, 3, "not_in_table")])
    kept.pass_time()
    assert missing(kept) == []
