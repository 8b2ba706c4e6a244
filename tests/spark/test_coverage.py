"""Coverage tells exactly how many trades are missing, however the ids and times lie."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

import pytest
from pyspark.sql import SparkSession

from pipeline.stream.derived import TradeTables
from pipeline.tables.ops import COVERAGE
from tests.support.trade_tables import Trade, add

EDGE = datetime(2026, 1, 13, 11)


def at(second: float) -> datetime:
    """Return the time this many seconds after the edge of an hour."""
    return EDGE + timedelta(seconds=second)


def refresher(spark: SparkSession) -> TradeTables:
    return TradeTables(spark, coverage_rest_s=0)


def coverage(spark: SparkSession, product: str = "BTC-USD") -> list[tuple[int, ...]]:
    """Return hour of the day, expected, received, filled and missing."""
    found = spark.table(COVERAGE.full_name).where(f"product_id = '{product}'").orderBy("hour").collect()
    return [(row.hour.hour, row.expected, row.received, row.filled, row.missing) for row in found]


def test_whole_hours_miss_nothing(lake: SparkSession) -> None:
    trades = [Trade(500 + number, at(number * 60 - 3600)) for number in range(120)]
    refresher(lake).refresh(add(lake, trades))
    assert coverage(lake) == [(10, 60, 60, 0, 0), (11, 60, 60, 0, 0)]


def test_times_that_cross_the_edge_of_an_hour_make_no_hole(lake: SparkSession) -> None:
    tables = refresher(lake)
    tables.refresh(add(lake, [Trade(98, at(-2)), Trade(100, at(-0.001))]))
    assert coverage(lake) == [(10, 3, 2, 0, 1)]
    tables.refresh(add(lake, [Trade(99, at(0.001)), Trade(101, at(1))]))
    assert coverage(lake) == [(10, 2, 2, 0, 0), (11, 2, 2, 0, 0)]


def test_an_id_before_the_edge_that_is_higher_than_those_behind_it_is_not_missed_later(lake: SparkSession) -> None:
    tables = refresher(lake)
    tables.refresh(add(lake, [Trade(98, at(-2)), Trade(100, at(-0.001)), Trade(99, at(0.001))]))
    tables.refresh(add(lake, [Trade(101, at(4 * 3600))]))  # silent for hours: only coverage has the ids before
    assert coverage(lake) == [(10, 2, 2, 0, 0), (11, 1, 1, 0, 0), (15, 1, 1, 0, 0)]
    tables.refresh(add(lake, [Trade(103, at(8 * 3600))]))
    assert coverage(lake)[-1] == (19, 2, 1, 0, 1)


def test_ids_that_restart_before_a_silence_are_measured_against_their_own(lake: SparkSession) -> None:
    tables = refresher(lake)
    tables.refresh(add(lake, [Trade(10**9, at(-5)), Trade(1, at(5)), Trade(2, at(6))]))
    tables.refresh(add(lake, [Trade(4, at(4 * 3600))]))
    assert coverage(lake) == [(10, 1, 1, 0, 0), (11, 2, 2, 0, 0), (15, 2, 1, 0, 1)]


def test_a_hole_across_the_edge_counts_in_the_later_hour_until_it_is_filled(lake: SparkSession) -> None:
    tables = refresher(lake)
    tables.refresh(add(lake, [Trade(10, at(-5)), Trade(20, at(5))]))
    assert coverage(lake) == [(10, 1, 1, 0, 0), (11, 10, 1, 0, 9)]
    filled = [Trade(number, at(-4 if number < 15 else 4), channel="rest") for number in range(11, 20)]
    tables.refresh(add(lake, filled))
    assert coverage(lake) == [(10, 5, 1, 4, 0), (11, 6, 1, 5, 0)]


def test_an_hour_filled_long_after_mends_the_one_that_comes_next(lake: SparkSession) -> None:
    tables = refresher(lake)
    later = 40 * 86_400  # in another month
    tables.refresh(add(lake, [Trade(1, at(0)), Trade(5, at(later)), Trade(6, at(later + 7200))]))
    assert coverage(lake) == [(11, 1, 1, 0, 0), (11, 4, 1, 0, 3), (13, 1, 1, 0, 0)]
    tables.refresh(add(lake, [Trade(2, at(3600), channel="rest"), Trade(3, at(86_400), channel="rest")]))
    assert coverage(lake) == [
        (11, 1, 1, 0, 0), (12, 1, 0, 1, 0), (11, 1, 0, 1, 0), (11, 2, 1, 0, 1), (13, 1, 1, 0, 0)
    ]  # fmt: skip


def test_a_product_that_rested_is_measured_against_its_last_trade(lake: SparkSession) -> None:
    tables = refresher(lake)
    for day in range(3):
        tables.refresh(add(lake, [Trade(day * 2, at(86_400 * day)), Trade(day, at(86_400 * day), product="X-Y")]))
    assert [row[-1] for row in coverage(lake)] == [0, 1, 1]
    assert [row[-1] for row in coverage(lake, "X-Y")] == [0, 0, 0]


@pytest.mark.parametrize("apart", [0.5, pytest.param(60, marks=pytest.mark.long), 7200])
def test_ids_that_restart_are_another_numbering(lake: SparkSession, apart: float) -> None:
    tables = refresher(lake)
    tables.refresh(add(lake, [Trade(10**9 + number, at(number - 3000)) for number in range(1000)]))
    start = -2000 + apart
    tables.refresh(add(lake, [Trade(number, at(start + number / 10)) for number in range(1, 300) if number != 50]))
    tables.refresh(add(lake, [Trade(number, at(start + number / 10)) for number in range(300, 310)]))
    assert sum(row[1] for row in coverage(lake)) == 1309
    assert sum(row[-1] for row in coverage(lake)) == 1


def test_one_wild_id_is_no_gap_of_millions(lake: SparkSession) -> None:
    tables = refresher(lake)
    tables.refresh(add(lake, [Trade(7, at(1)), Trade(8, at(2)), Trade(10**15, at(3)), Trade(10, at(4))]))
    tables.refresh(add(lake, [Trade(12, at(3601))]))
    tables.refresh(add(lake, [Trade(13, at(4 * 3600))]))
    assert coverage(lake) == [(11, 5, 4, 0, 1), (12, 2, 1, 0, 1), (15, 1, 1, 0, 0)]


def test_missing_is_the_truth_whatever_is_dropped_jittered_late_and_filled(lake: SparkSession) -> None:
    dice = random.Random(3)
    trades = [
        Trade(number, at(number * 20 + dice.uniform(-15, 15)), channel=dice.choice(["matches", "rest"]))
        for number in range(1, 900)
    ]
    tables = refresher(lake)
    dice.shuffle(trades)
    there: list[Trade] = []
    for part in (trades[:300], trades[300:700], trades[700:850]):
        there += part
        tables.refresh(add(lake, part))
        found = coverage(lake)
        ids = [trade.trade_id for trade in there]
        assert sum(row[1] for row in found) == max(ids) - min(ids) + 1
        assert sum(row[4] for row in found) == max(ids) - min(ids) + 1 - len(ids)
        assert min(row[4] for row in found) >= 0
        assert {row[0]: row[2] + row[3] for row in found} == {
            hour: sum(trade.time.hour == hour for trade in there) for hour in {trade.time.hour for trade in there}
        }


def test_counting_rests_and_is_made_up_for(lake: SparkSession) -> None:
    now = 100.0
    tables = TradeTables(lake, coverage_rest_s=15, clock=lambda: now)
    tables.refresh(add(lake, [Trade(1, at(1))]))
    tables.refresh(add(lake, [Trade(2, at(2))]))
    assert coverage(lake) == [(11, 1, 1, 0, 0)]
    now += 15
    tables.refresh([])
    assert coverage(lake) == [(11, 2, 2, 0, 0)]


def test_what_a_former_process_left_uncounted_is_counted(lake: SparkSession) -> None:
    tables = TradeTables(lake)
    tables.refresh(add(lake, [Trade(1, at(1))]))
    tables.refresh(add(lake, [Trade(2, at(2)), Trade(3, at(3601))]))
    TradeTables(lake).refresh([])
    assert coverage(lake) == [(11, 2, 2, 0, 0), (12, 1, 1, 0, 0)]
