"""Keeping gold up to its inputs: new, late, corrected and repeated candles, bounded runs, crashes, restarts."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise

import pytest
from pyspark.sql import SparkSession

from pipeline.spark.appending import load_table
from pipeline.spark.maintenance import newest_marks
from pipeline.spark.progress_mark import PROGRESS, read_progress
from pipeline.stream.gold import bitcoin_gold_news, bitcoin_gold_run
from pipeline.stream.gold.bitcoin_gold_run import BitcoinGold
from pipeline.tables.gold import BITCOIN_GOLD
from tests.support.bitcoin_candles import Candle, at, differing, give, gold, replace_given, snapshot, trade

NOON = datetime(2026, 2, 1, 12)


@pytest.fixture
def tables(lake: SparkSession) -> BitcoinGold:
    return BitcoinGold(lake)


def revisions(spark: SparkSession) -> dict[datetime, int]:
    return {row["minute"]: row["revision"] for row in gold(spark)}


def jobs(spark: SparkSession) -> int:
    return int(spark.sparkContext._jsc.sc().dagScheduler().numTotalJobs())


def test_without_candles_nothing_is_written(lake: SparkSession, tables: BitcoinGold) -> None:
    assert tables.run() == 0
    assert snapshot(lake) is None


def test_a_thread_of_its_own_may_do_it(lake: SparkSession, tables: BitcoinGold) -> None:
    give(lake, [Candle(at(0))], 0)
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(tables.run).result() == 1


def test_a_run_with_nothing_new_starts_no_job_and_commits_nothing(lake: SparkSession, tables: BitcoinGold) -> None:
    give(lake, [Candle(at(0))], 0)
    tables.run()
    before, committed = jobs(lake), snapshot(lake)
    assert tables.run() == 0
    assert (jobs(lake) - before, snapshot(lake)) == (0, committed)


def test_a_new_minute_is_the_only_row_of_its_run(lake: SparkSession, tables: BitcoinGold) -> None:
    give(lake, [Candle(at(n), str(100 + n)) for n in range(40)], 0)
    tables.run()
    give(lake, [Candle(at(40), "140")], 40)
    assert tables.run() == 1
    assert revisions(lake) == {at(n): 1 + (n == 40) for n in range(41)}
    assert differing(gold(lake), {at(n): Decimal(100 + n) for n in range(41)}) == []


def test_a_late_minute_recomputes_what_it_touches_and_the_next_candle(lake: SparkSession, tables: BitcoinGold) -> None:
    there = [*range(10), 11, 30, 200, 5000, 5001]  # from one month far into the next
    give(lake, [Candle(at(n), str(100 + n)) for n in there], 0)
    tables.run()
    for number, late in enumerate((10, 100)):
        give(lake, [Candle(at(late), "7")], 1000 + number)
        tables.run()
    found = revisions(lake)
    assert {n: found[at(n)] for n in (9, 10, 11, 30, 100, 200, 5000, 5001)} == {
        9: 1, 10: 2, 11: 2, 30: 2, 100: 3, 200: 3, 5000: 1, 5001: 1,
    }  # fmt: skip
    closes = {at(n): Decimal(100 + n) for n in there} | {at(10): Decimal(7), at(100): Decimal(7)}
    assert differing(gold(lake), closes) == []
    assert [row["missing_before"] for row in gold(lake)][-4:] == [69, 99, 4799, 0]


def test_a_late_and_a_new_minute_rewrite_no_month_between(lake: SparkSession, tables: BitcoinGold) -> None:
    months = [datetime(2025, month, 15) for month in range(1, 8)]
    give(lake, [Candle(month) for month in months], 0)
    tables.run()

    def files() -> set[str]:
        return {row["file_path"] for row in lake.table(f"{BITCOIN_GOLD.full_name}.files").collect()}

    before = files()
    minute = timedelta(minutes=1)
    give(lake, [Candle(months[0] + minute), Candle(months[-1] + minute)], 10)
    assert tables.run() == 3  # and the candle after the late one
    assert len(before - files()) == 3
    assert len(files()) == len(months)


def test_a_corrected_minute_changes_every_window_that_holds_it(lake: SparkSession, tables: BitcoinGold) -> None:
    give(lake, [Candle(at(n)) for n in range(50)], 0)
    tables.run()
    replace_given(lake, Candle(at(10), "130"), 50)
    assert tables.run() == 30
    assert differing(gold(lake), {at(n): Decimal(130 if n == 10 else 100) for n in range(50)}) == []


def test_a_candle_that_arrived_in_the_same_ms_later_is_not_missed(lake: SparkSession, tables: BitcoinGold) -> None:
    give(lake, [Candle(at(0))], 0, arrived=NOON)
    tables.run()
    give(lake, [Candle(at(1))], 1, arrived=NOON)
    give(lake, [Candle(at(2))], 2, arrived=NOON - timedelta(minutes=5))  # a clock that was set back
    give(lake, [Candle(at(3))], 0, arrived=NOON + timedelta(minutes=5))  # a topic that was recreated
    tables.run()
    assert revisions(lake) == {at(0): 1, at(1): 2, at(2): 2, at(3): 2}


def test_a_trades_candle_of_another_day_may_come_a_little_older(lake: SparkSession, tables: BitcoinGold) -> None:
    trade(lake, [Candle(at(0), source="coinbase")], NOON)
    tables.run()
    trade(lake, [Candle(at(400), source="coinbase")], NOON - timedelta(minutes=1))
    assert tables.run() == 1
    assert revisions(lake) == {at(0): 1, at(400): 2}


def test_a_restart_finds_nothing_to_do(lake: SparkSession, tables: BitcoinGold) -> None:
    give(lake, [Candle(at(n)) for n in range(5)], 0)
    trade(lake, [Candle(at(n), source="coinbase") for n in range(5)], NOON)
    tables.run()
    committed = snapshot(lake)
    assert BitcoinGold(lake).run() == 0
    assert snapshot(lake) == committed


@pytest.mark.parametrize("is_committed", [False, True])
def test_a_run_that_fails_is_made_good(
    lake: SparkSession, tables: BitcoinGold, monkeypatch: pytest.MonkeyPatch, is_committed: bool
) -> None:
    give(lake, [Candle(at(0))], 0)
    write = bitcoin_gold_run.overwrite_sorted

    def fail(*arguments: object) -> None:
        if is_committed:
            write(*arguments)  # type: ignore[arg-type]
        raise ConnectionError("HDFS is away")

    monkeypatch.setattr(bitcoin_gold_run, "overwrite_sorted", fail)
    with pytest.raises(ConnectionError):
        tables.run()
    monkeypatch.undo()
    assert not tables.is_done
    assert tables.run() == (0 if is_committed else 1)
    assert revisions(lake) == {at(0): 1}


def test_much_at_once_is_worked_off_in_the_order_of_arrival(
    lake: SparkSession, tables: BitcoinGold, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bitcoin_gold_news, "MAX_NEW", 700)
    monkeypatch.setattr(bitcoin_gold_news, "FEW", 50)
    monkeypatch.setattr(bitcoin_gold_run, "FEW", 50)
    closes = {at(60 * n + n % 7): Decimal(100 + n % 13) for n in range(2000)}  # over four months
    order = list(closes)
    random.Random(5).shuffle(order)
    give(lake, [Candle(minute, str(closes[minute])) for minute in order], 0)
    runs = 0
    while not tables.is_done:
        tables.run()
        runs += 1
    rows = gold(lake)
    assert runs >= 3
    assert len(rows) == len(closes)
    assert differing(rows, closes) == []
    minutes = sorted(closes)
    gaps = [(later - earlier) // timedelta(minutes=1) - 1 for earlier, later in pairwise(minutes)]
    assert [row["missing_before"] for row in rows] == [0, *gaps]


def test_offsets_without_candles_hold_nothing_up(
    lake: SparkSession, tables: BitcoinGold, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bitcoin_gold_news, "MAX_NEW", 10)
    give(lake, [Candle(at(n)) for n in range(3)], 0)
    give(lake, [Candle(at(n)) for n in range(3, 6)], 1000)  # what was between them was rejected, or replaced
    runs = 0
    while not tables.is_done:
        tables.run()
        runs += 1
        assert runs < 5
    assert len(gold(lake)) == 6


def test_maintenance_carries_the_progress(lake: SparkSession, tables: BitcoinGold) -> None:
    give(lake, [Candle(at(0))], 0)
    tables.run()
    text = read_progress(lake, BITCOIN_GOLD)
    assert text
    assert newest_marks(lake, load_table(lake, BITCOIN_GOLD)) == {PROGRESS: text}
