"""Silver as its readers see it, whatever arrives twice, late or again after a crash."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyspark.sql import DataFrame, SparkSession

from pipeline.spark.appending import BatchAppender, load_table
from pipeline.spark.maintenance import merge_manifests
from pipeline.spark.query_checkpoint import QueryCheckpoint
from pipeline.stream.silver.query import SilverWriter
from pipeline.stream.silver.rejected_events import to_rejected_events
from pipeline.tables.silver import COIN_PRICES, REJECTED_EVENTS
from tests.support.batch_marks import newest_batch
from tests.support.examples import examples
from tests.support.snapshots import expire_now

START = datetime(2026, 1, 13)
SCHEMA = (
    "topic string, topic_id string, partition int, offset bigint, kafka_time timestamp_ntz, payload binary, "
    "coin string, event_time timestamp_ntz, price_usd decimal(38,18), market_cap_usd decimal(38,18), "
    "volume_usd decimal(38,18), source string, reason string"
)
OFFSETS = count()


def observation(second: int, coin: str = "bitcoin", price: str = "1", reason: str | None = None) -> tuple[object, ...]:
    time = START + timedelta(seconds=second)
    return (
        "coin_events", "t1", 0, next(OFFSETS), START, bytearray(b"{}"),
        coin, time, Decimal(price), None, None, "test", reason,
    )  # fmt: skip


def batch(spark: SparkSession, *rows: tuple[object, ...]) -> DataFrame:
    return spark.createDataFrame(list(rows), SCHEMA).coalesce(1)


def writer(spark: SparkSession, checkpoint: str = "c1") -> SilverWriter:
    return SilverWriter(spark, QueryCheckpoint(checkpoint))


def seconds(spark: SparkSession, coin: str = "bitcoin") -> list[int]:
    rows = spark.table(COIN_PRICES.full_name).where(f"coin = '{coin}'").select("event_time").collect()
    return sorted(int((row.event_time - START).total_seconds()) for row in rows)


def prices(spark: SparkSession) -> dict[int, Decimal]:
    rows = spark.table(COIN_PRICES.full_name).select("event_time", "price_usd").collect()
    return {int((row.event_time - START).total_seconds()): row.price_usd for row in rows}


def snapshots(spark: SparkSession) -> int:
    return spark.table(f"{COIN_PRICES.full_name}.snapshots").count()


def test_a_key_that_comes_twice_is_one_row(lake: SparkSession) -> None:
    write = writer(lake)
    write(batch(lake, observation(0), observation(0), observation(1)), 0)
    write(batch(lake, observation(1), observation(2), observation(2)), 1)
    assert seconds(lake) == [0, 1, 2]


def test_another_price_for_a_known_key_is_rejected(lake: SparkSession) -> None:
    write = writer(lake)
    write(batch(lake, observation(0), observation(0, price="2"), observation(1)), 0)
    rows = [observation(0, price="3"), observation(1), observation(0), observation(2, price="5")]
    write(batch(lake, *rows), 1)
    writer(lake)(batch(lake, *rows), 1)
    assert seconds(lake) == [0, 1, 2]
    assert prices(lake) == {0: 1, 1: 1, 2: 5}
    reason = "price_usd differs from the one that came first for this coin, event_time and source: 1.000000000000000000"
    assert [row.reason for row in lake.table(REJECTED_EVENTS.full_name).collect()] == [reason, reason]


def test_a_crash_before_the_rejected_price_is_written_is_made_good(
    lake: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [observation(0), observation(0, price="2"), observation(1)]
    with monkeypatch.context() as patch:
        patch.setattr("pipeline.stream.silver.rejected_events.run", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            writer(lake)(batch(lake, *rows), 0)
    writer(lake)(batch(lake, *rows), 0)
    assert prices(lake) == {0: 1, 1: 1}
    assert lake.table(REJECTED_EVENTS.full_name).count() == 1


def test_a_late_row_lands_and_its_repeat_does_not(lake: SparkSession) -> None:
    write = writer(lake)
    write(batch(lake, observation(100), observation(5, coin="ethereum")), 0)
    write(batch(lake, observation(3), observation(200)), 1)
    write(batch(lake, observation(3), observation(100), observation(200), observation(4)), 2)
    assert seconds(lake) == [3, 4, 100, 200]
    assert seconds(lake, "ethereum") == [5]


def test_history_of_many_years_lands_once(lake: SparkSession) -> None:
    days = [observation(-86_400 * day) for day in range(1000)]
    write = writer(lake)
    write(batch(lake, observation(10)), 0)
    write(batch(lake, *days), 1)
    writer(lake)(batch(lake, *days, observation(-86_400 * 1000)), 2)
    assert len(seconds(lake)) == 1002


def test_a_batch_that_runs_again_changes_nothing(lake: SparkSession) -> None:
    rows = [observation(0), observation(1), observation(2, reason="broken")]
    writer(lake)(batch(lake, *rows), 7)
    before = snapshots(lake)
    writer(lake)(batch(lake, *rows), 7)
    assert (seconds(lake), snapshots(lake)) == ([0, 1], before)
    assert lake.table(REJECTED_EVENTS.full_name).count() == 1


def test_a_crash_between_the_two_tables_is_made_good(lake: SparkSession, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [observation(0), observation(1, reason="broken")]
    with monkeypatch.context() as patch:
        patch.setattr("pipeline.stream.silver.rejected_events.run", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            writer(lake)(batch(lake, *rows), 0)
    writer(lake)(batch(lake, *rows), 0)
    assert seconds(lake) == [0]
    assert lake.table(REJECTED_EVENTS.full_name).count() == 1


def test_a_new_checkpoint_reads_everything_again_without_repeats(lake: SparkSession) -> None:
    writer(lake, "c1")(batch(lake, observation(0), observation(1)), 12)
    writer(lake, "c2")(batch(lake, observation(0), observation(1), observation(2)), 0)
    assert seconds(lake) == [0, 1, 2]


def test_rejects_make_no_price_and_clean_batches_no_reject_snapshot(lake: SparkSession) -> None:
    writer(lake)(batch(lake, observation(0)), 0)
    assert lake.table(f"{REJECTED_EVENTS.full_name}.snapshots").count() == 0
    writer(lake)(batch(lake, observation(1, reason="price_usd is missing")), 1)
    assert seconds(lake) == [0]
    (row,) = lake.table(REJECTED_EVENTS.full_name).collect()
    assert (row.reason, row.payload, row.payload_bytes) == ("price_usd is missing", "{}", 2)


def test_the_mark_of_the_last_batch_outlives_maintenance(lake: SparkSession, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.spark.maintenance.MANY_MANIFESTS", 0)
    appender = BatchAppender(lake, COIN_PRICES, "silver", QueryCheckpoint("c1"))
    writer(lake)(batch(lake, observation(0)), 41)
    for _ in range(8):
        merge_manifests(lake, load_table(lake, COIN_PRICES))
        expire_now(lake, COIN_PRICES)
    assert newest_batch(lake, COIN_PRICES, "silver", "c1") == 41
    assert appender.has(41)
    assert not appender.has(42)
    assert snapshots(lake) == 5


def test_a_quiet_querys_mark_outlives_a_busy_ones_snapshots(lake: SparkSession) -> None:
    writer(lake)(batch(lake, observation(0, reason="broken")), 3)
    rejects = to_rejected_events(batch(lake, observation(1, reason="broken")))
    busy = BatchAppender(lake, REJECTED_EVENTS, "trades", QueryCheckpoint("c1"))
    for number in range(14):
        busy.append(rejects, number)
        if number % 4 == 3:
            merge_manifests(lake, load_table(lake, REJECTED_EVENTS))
            expire_now(lake, REJECTED_EVENTS)
    assert newest_batch(lake, REJECTED_EVENTS, "silver", "c1") == 3
    assert newest_batch(lake, REJECTED_EVENTS, "trades", "c1") == 13
    assert newest_batch(lake, REJECTED_EVENTS, "trades", "c2") == -1


def test_maintenance_leaves_the_rows_alone(lake: SparkSession) -> None:
    merging = f"ALTER TABLE {COIN_PRICES.full_name} SET TBLPROPERTIES ('commit.manifest-merge.enabled'='%s')"
    write = writer(lake)
    lake.sql(merging % "false")
    for number in range(12):
        write(batch(lake, observation(number)), number)
    lake.sql(merging % "true")
    merge_manifests(lake, load_table(lake, COIN_PRICES))
    assert lake.table(f"{COIN_PRICES.full_name}.manifests").count() == 1
    assert seconds(lake) == list(range(12))


@settings(max_examples=examples(4, long=12), deadline=None, suppress_health_check=list(HealthCheck))
@given(
    batches=st.lists(
        st.lists(st.tuples(st.sampled_from(["bitcoin", "ethereum"]), st.integers(0, 8)), max_size=6),
        min_size=1,
        max_size=4,
    ),
    restart_after=st.sets(st.integers(0, 3)),
)
def test_any_order_of_arrival_gives_each_key_once(
    lake: SparkSession, batches: list[list[tuple[str, int]]], restart_after: set[int]
) -> None:
    lake.sql(f"DELETE FROM {COIN_PRICES.full_name}")
    write = writer(lake, checkpoint := str(next(OFFSETS)))
    for number, keys in enumerate(batches):
        write(batch(lake, *(observation(second, coin) for coin, second in keys)), number)
        if number in restart_after:
            write = writer(lake, checkpoint)
            write(batch(lake, *(observation(second, coin) for coin, second in keys)), number)
    for coin in ("bitcoin", "ethereum"):
        assert seconds(lake, coin) == sorted({second for keys in batches for name, second in keys if name == coin})
