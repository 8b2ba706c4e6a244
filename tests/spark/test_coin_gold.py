"""Keeping gold for coins up to silver: new, late and removed prices, what is computed again, crashes, restarts."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from random import Random

import pytest
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from pipeline.stream.gold import coin_daily_run, coin_returns_run
from pipeline.stream.gold.coin_daily import to_coin_daily
from pipeline.stream.gold.coin_gold import MANY, REST_S, CoinGold
from pipeline.stream.gold.coin_gold_progress import DailyProgress
from pipeline.stream.gold.coin_returns import to_coin_returns
from pipeline.tables.coins import COIN_DAILY, COIN_RETURNS
from pipeline.tables.model import Table
from pipeline.tables.silver import COIN_PRICES
from tests.support.clock import FakeClock
from tests.support.coin_prices import ARRIVED, Price, at_midnights, by_key, daily, give_prices, prices, returns

BTC, SOL = "bitcoin", "solana"
DAY = timedelta(days=1)


@pytest.fixture
def gold(lake: SparkSession) -> CoinGold:
    return CoinGold(lake)


def jobs(spark: SparkSession) -> int:
    return int(spark.sparkContext._jsc.sc().dagScheduler().numTotalJobs())


def snapshots(spark: SparkSession, table: Table = COIN_DAILY) -> int:
    return spark.table(f"{table.full_name}.snapshots").count()


def check(spark: SparkSession, simulated: tuple[str, ...] = ()) -> None:
    """Compare both tables with all of it computed at once."""
    expected = by_key(to_coin_daily(spark.table(COIN_PRICES.full_name), simulated, 0).collect())
    assert without_revision(daily(spark)) == without_revision(expected)
    expected = by_key(to_coin_returns(spark.table(COIN_DAILY.full_name), 0).collect())
    assert without_revision(returns(spark)) == without_revision(expected)


def without_revision(rows):
    return {
        key: {name: value for name, value in row.asDict().items() if name != "revision"} for key, row in rows.items()
    }


def written(spark: SparkSession, table: Table) -> set[tuple[str, date]]:
    """Return the keys that the newest run wrote."""
    rows = spark.table(table.full_name).collect()
    newest = max(row["revision"] for row in rows)
    return {(row["coin"], row["day"]) for row in rows if row["revision"] == newest}


def polls(coin: str, day: date, count: int, first: int = 0) -> list[Price]:
    start = datetime(day.year, day.month, day.day, 6)
    return [(coin, "coingecko", start + timedelta(minutes=n), str(100 + n)) for n in range(first, first + count)]


def test_without_prices_nothing_is_written(lake: SparkSession, gold: CoinGold) -> None:
    assert gold.run() == 0
    assert (snapshots(lake), snapshots(lake, COIN_RETURNS)) == (0, 0)


def test_with_nothing_new_no_job_is_started(lake: SparkSession, gold: CoinGold) -> None:
    give_prices(lake, polls(BTC, date(2026, 1, 5), 3))
    assert gold.run() == 1
    committed, before = snapshots(lake), jobs(lake)
    assert gold.run() == 0
    assert jobs(lake) == before
    assert snapshots(lake) == committed


def test_polls_wait_for_each_other_and_a_history_does_not(lake: SparkSession) -> None:
    clock = FakeClock()
    gold = CoinGold(lake, clock.time)
    give_prices(lake, polls(BTC, date(2026, 1, 5), 1))
    assert gold.run_if_due() == 1
    give_prices(lake, polls(BTC, date(2026, 1, 6), 1), 1)
    assert gold.run_if_due() == 0
    clock.sleep(REST_S)
    assert gold.run_if_due() == 1
    give_prices(lake, at_midnights(BTC, "coinmetrics", date(2025, 1, 1), map(str, range(1, 1 + MANY))), 2)
    assert gold.run_if_due() == MANY


def test_a_slow_run_is_followed_by_a_long_rest(lake: SparkSession, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = FakeClock()
    gold = CoinGold(lake, clock.time)
    run, took = gold._daily.run, 10 * REST_S

    def slowly() -> DailyProgress:
        clock.sleep(took)
        return run()

    monkeypatch.setattr(gold._daily, "run", slowly)
    give_prices(lake, polls(BTC, date(2026, 1, 5), 1))
    assert gold.run_if_due() == 1
    give_prices(lake, polls(BTC, date(2026, 1, 6), 1), 1)
    clock.sleep(8 * took)
    assert gold.run_if_due() == 0
    clock.sleep(took)
    assert gold.run_if_due() == 1


def test_a_poll_writes_its_day_alone(lake: SparkSession, gold: CoinGold) -> None:
    give_prices(
        lake,
        [*at_midnights(BTC, "coingecko", date(2024, 12, 1), map(str, range(1, 99))), *polls(SOL, date(2025, 3, 9), 2)],
    )
    gold.run()
    give_prices(lake, polls(BTC, date(2025, 3, 9), 2), 1)
    assert gold.run() == 1
    assert written(lake, COIN_DAILY) == {(BTC, date(2025, 3, 9))}
    assert written(lake, COIN_RETURNS) == {(BTC, date(2025, 3, 9))}
    check(lake)


def test_a_price_that_says_nothing_new_commits_nothing(lake: SparkSession, gold: CoinGold) -> None:
    give_prices(lake, polls(BTC, date(2026, 1, 5), 3))
    gold.run()
    give_prices(lake, [(BTC, "coinmetrics", datetime(2026, 1, 5, 3), "50")], 1)  # another source reaches further
    assert gold.run() == 0
    assert snapshots(lake) == 1


def test_a_late_price_concerns_all_later_returns(lake: SparkSession, gold: CoinGold) -> None:
    closes = [*map(str, range(100, 140))]
    missing = closes.copy()
    rows = at_midnights(BTC, "coinmetrics", date(2024, 12, 10), missing)
    give_prices(lake, rows[:20] + rows[21:])
    gold.run()
    give_prices(lake, rows[20:21], 1)
    assert gold.run() == 2, "its own day, and the open of the next"
    late = date(2024, 12, 30)
    assert written(lake, COIN_DAILY) == {(BTC, late), (BTC, late + DAY)}
    assert written(lake, COIN_RETURNS) == {(BTC, late + n * DAY) for n in range(20)}
    check(lake)


def test_real_prices_take_the_place_of_simulated_ones_at_once(lake: SparkSession, gold: CoinGold) -> None:
    first = date(2025, 11, 1)
    give_prices(lake, at_midnights(BTC, "simulator", first, ["5"] * 60))
    gold.run()
    give_prices(lake, at_midnights(BTC, "coinmetrics", first, ["7"] * 29), 1)
    assert gold.run() == 0
    check(lake, simulated=(BTC,))
    give_prices(lake, at_midnights(BTC, "coinmetrics", first + 29 * DAY, ["7"]), 2)
    assert gold.run() == 30
    check(lake)


@pytest.mark.parametrize("many", [5, pytest.param(10_000, marks=pytest.mark.long)])
def test_any_order_of_arrival_ends_in_the_same_tables(
    lake: SparkSession, monkeypatch: pytest.MonkeyPatch, many: int
) -> None:
    monkeypatch.setattr(coin_daily_run, "MANY", many)
    random = Random(many)
    rows = [
        *at_midnights(BTC, "csv_coingecko", date(2017, 12, 20), [str(random.randint(1, 99)) for _ in range(60)]),
        *at_midnights(BTC, "coinmetrics", date(2017, 12, 20), [str(random.randint(1, 99)) for _ in range(60)]),
        *at_midnights(SOL, "simulator", date(2017, 12, 20), [str(random.randint(1, 99)) for _ in range(40)]),
        *polls(BTC, date(2018, 2, 19), 5),
    ]
    random.shuffle(rows)
    gold = CoinGold(lake)
    for minute, start in enumerate(range(0, len(rows), 24)):
        give_prices(lake, rows[start : start + 24], minute)
        gold = gold if random.random() < 0.5 else CoinGold(lake)  # a restart
        gold.run()
    check(lake, simulated=(SOL,))


@pytest.mark.parametrize("module", [coin_daily_run, coin_returns_run])
@pytest.mark.parametrize("is_committed", [pytest.param(False, marks=pytest.mark.long), True])
@pytest.mark.parametrize("name", ["replace_in_years", "replace_all"])
def test_a_crash_at_a_commit_heals_on_the_next_run(
    lake: SparkSession, monkeypatch: pytest.MonkeyPatch, module, name: str, is_committed: bool
) -> None:
    closes = [str(n) for n in range(1, 90)]
    if name == "replace_in_years":
        give_prices(lake, at_midnights(BTC, "coinmetrics", date(2025, 10, 1), closes))
        CoinGold(lake).run()
    gold = CoinGold(lake)
    write = getattr(module, name)

    def crash(*arguments: object) -> None:
        if is_committed:
            write(*arguments)
        raise ConnectionError("gone")

    give_prices(lake, polls(BTC, date(2025, 12, 29), 3), 1)
    with monkeypatch.context() as patch:
        patch.setattr(module, name, crash)
        with pytest.raises(ConnectionError):
            gold.run()
    gold.run()
    check(lake)
    CoinGold(lake).run()  # after a restart
    check(lake)


def test_a_rebuild_forgets_removed_prices(lake: SparkSession, gold: CoinGold) -> None:
    give_prices(lake, at_midnights(BTC, "coinmetrics", date(2025, 10, 1), ["1"] * 40))
    give_prices(lake, at_midnights(SOL, "csv_coingecko", date(2025, 10, 1), ["1"] * 40))
    gold.run()
    lake.sql(f"DELETE FROM {COIN_PRICES.full_name} WHERE coin = '{SOL}'")
    assert gold.rebuild() == 40
    assert {coin for coin, _ in daily(lake)} == {coin for coin, _ in returns(lake)} == {BTC}
    check(lake)
    lake.sql(f"DELETE FROM {COIN_PRICES.full_name}")
    assert gold.rebuild() == 0
    assert (daily(lake), returns(lake)) == ({}, {})
    give_prices(lake, polls(SOL, date(2026, 1, 5), 3))
    gold.run()
    check(lake)


def test_prices_that_are_there_are_not_looked_at_twice(
    lake: SparkSession, gold: CoinGold, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(coin_daily_run, "MANY", 30)
    give_prices(lake, at_midnights(BTC, "coinmetrics", date(2025, 10, 1), ["1"] * 40))
    assert gold.run() == 40
    give_prices(lake, polls(BTC, date(2025, 12, 29), 1))  # it reached Kafka in the same moment
    assert gold.run() == 1
    assert gold._daily.progress().rebuilt == 1


def test_a_late_partition_and_a_recreated_topic_are_seen(lake: SparkSession, gold: CoinGold) -> None:
    rows = [prices(lake, polls(BTC, date(2026, 1, day), 1), ARRIVED - timedelta(hours=day)) for day in (1, 2, 3, 4)]
    first, other, early, later = rows
    first.withColumn("offset", F.lit(100).cast("bigint")).writeTo(COIN_PRICES.full_name).append()
    assert gold.run() == 1
    other.withColumn("partition", F.lit(1)).withColumn("offset", F.lit(1).cast("bigint")).writeTo(
        COIN_PRICES.full_name
    ).append()
    assert gold.run() == 1, "a partition that had no price yet, and was read late"
    early.withColumn("offset", F.lit(101).cast("bigint")).writeTo(COIN_PRICES.full_name).append()
    assert gold.run() == 1, "a higher offset with an earlier time"
    again = later.withColumn("ingested_at", F.lit("2026-02-02 00:00:00").cast("timestamp_ntz"))
    again.withColumn("offset", F.lit(0).cast("bigint")).writeTo(COIN_PRICES.full_name).append()
    assert gold.run() == 1, "offsets that start again"
    assert gold.run() == 0
    check(lake)
