"""Partitions that are over: found by their times, compacted to few files, and dropped once they have served."""

from __future__ import annotations

from datetime import datetime

import pytest
from pyspark.sql import SparkSession

from pipeline.spark import maintenance
from pipeline.spark.appending import BatchAppender, load_table, snapshot_summaries
from pipeline.spark.closed_partitions import Partition, closed_partitions
from pipeline.spark.compaction import data_files
from pipeline.spark.maintenance import TableKeeper
from pipeline.spark.query_checkpoint import QueryCheckpoint
from pipeline.spark.retention import drop_expired
from pipeline.spark.time_ranges import TimeRange
from pipeline.tables.bronze import BRONZE_EVENTS
from pipeline.tables.coins import COIN_DAILY
from pipeline.tables.model import Table
from pipeline.tables.ops import GAPS
from pipeline.tables.silver import REJECTED_EVENTS
from tests.support.batch_marks import newest_batch
from tests.support.snapshots import expire_now

MARCH_1, MARCH_2, MARCH_3 = (datetime(2026, 3, day) for day in (1, 2, 3))


PAYLOADS = {
    BRONZE_EVENTS.name: ("NULL AS key", "NULL AS headers", "CAST('{}' AS binary) AS payload"),
    REJECTED_EVENTS.name: ("'reason' AS reason", "'{}' AS payload", "2L AS payload_bytes"),
}


def add_records(spark: SparkSession, table: Table, day: datetime, files: int) -> None:
    """Append so many files of one record each, of that day's noon."""
    position = ("'coin_events' AS topic", "0 AS partition", "id AS offset", "'t1' AS topic_id")
    noon = f"TIMESTAMP_NTZ '{day:%Y-%m-%d} 12:00:00' AS kafka_time"
    rows = spark.range(0, files, 1, files).selectExpr(*position, noon, *PAYLOADS[table.name])
    rows.select(*table.column_names).writeTo(table.full_name).append()


def snapshots(spark: SparkSession, table: Table) -> int:
    return len(list(snapshot_summaries(spark, load_table(spark, table))))


def files_a_day(spark: SparkSession, now: datetime) -> dict[datetime, int]:
    return {each.times.start: each.files for each in closed_partitions(spark, BRONZE_EVENTS, now)}


@pytest.fixture
def at_march_3(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(maintenance, "utc_now", lambda: datetime(2026, 3, 3, 1))


def test_days_months_and_years_are_over_an_hour_after_their_end(lake: SparkSession) -> None:
    for day, files in ((MARCH_1, 2), (MARCH_2, 1)):
        add_records(lake, BRONZE_EVENTS, day, files)
        add_records(lake, REJECTED_EVENTS, day, files)
    found = closed_partitions(lake, BRONZE_EVENTS, datetime(2026, 3, 3, 1))
    assert [(each.times, each.files, each.rows) for each in found] == [
        (TimeRange(MARCH_1, MARCH_2), 2, 2),
        (TimeRange(MARCH_2, MARCH_3), 1, 1),
    ]
    assert [each.times for each in closed_partitions(lake, BRONZE_EVENTS, datetime(2026, 3, 3, 0, 59))] == [
        TimeRange(MARCH_1, MARCH_2)
    ]
    assert closed_partitions(lake, REJECTED_EVENTS, datetime(2026, 4, 1, 0, 59)) == []
    months = closed_partitions(lake, REJECTED_EVENTS, datetime(2026, 4, 1, 1))
    assert [(each.times, each.rows) for each in months] == [(TimeRange(MARCH_1, datetime(2026, 4, 1)), 3)]


def test_a_year_of_days_is_compacted_and_a_table_without_partitions_is_left_alone(lake: SparkSession) -> None:
    lake.range(0, 21, 1, 21).selectExpr(
        "'bitcoin' AS coin", "DATE '2025-12-31' - CAST(id AS int) AS day",
        *(f"CAST(1 AS decimal(38,18)) AS {name}" for name in ("open", "high", "low", "close")),
        "1L AS observations", "'coingecko' AS source",
        "TIMESTAMP_NTZ '2025-12-31 23:59:00' AS held_at", "1L AS revision",
    ).writeTo(COIN_DAILY.full_name).append()  # fmt: skip
    assert TableKeeper(lake, COIN_DAILY).tidy() == 20
    (year,) = closed_partitions(lake, COIN_DAILY, MARCH_1)
    assert (year.times, year.files, year.rows) == (TimeRange(datetime(2025, 1, 1), datetime(2026, 1, 1)), 1, 21)
    assert closed_partitions(lake, GAPS, MARCH_1) == []


@pytest.mark.usefixtures("at_march_3")
def test_a_crowded_day_that_is_over_becomes_one_file_with_the_same_rows(lake: SparkSession) -> None:
    for day, files in ((MARCH_1, 21), (MARCH_2, 20), (MARCH_3, 21)):
        add_records(lake, BRONZE_EVENTS, day, files)
    keeper = TableKeeper(lake, BRONZE_EVENTS)
    assert keeper.tidy() == 20
    assert files_a_day(lake, datetime(2026, 3, 4, 1)) == {MARCH_1: 1, MARCH_2: 20, MARCH_3: 21}
    assert lake.table(BRONZE_EVENTS.full_name).count() == 62


@pytest.mark.usefixtures("at_march_3")
def test_late_records_crowd_a_day_again(lake: SparkSession) -> None:
    add_records(lake, BRONZE_EVENTS, MARCH_1, 21)
    keeper = TableKeeper(lake, BRONZE_EVENTS)
    keeper.tidy()
    add_records(lake, BRONZE_EVENTS, MARCH_1, 19)
    assert keeper.tidy() == 0
    add_records(lake, BRONZE_EVENTS, MARCH_1, 1)
    assert keeper.tidy() == 20
    assert lake.table(BRONZE_EVENTS.full_name).count() == 41


def test_an_unchanged_table_is_looked_at_once_a_day(lake: SparkSession, monkeypatch: pytest.MonkeyPatch) -> None:
    looks: list[datetime] = []
    monkeypatch.setattr(maintenance, "closed_partitions", lambda _spark, _table, now: looks.append(now) or [])
    keeper = TableKeeper(lake, BRONZE_EVENTS)
    keeper.tidy()
    assert looks == [], "an empty table"
    add_records(lake, BRONZE_EVENTS, MARCH_1, 1)
    for hour in (1, 2, 23):
        monkeypatch.setattr(maintenance, "utc_now", lambda hour=hour: datetime(2026, 3, 3, hour))
        keeper.tidy()
    assert len(looks) == 1
    monkeypatch.setattr(maintenance, "utc_now", lambda: datetime(2026, 3, 4))
    keeper.tidy()
    assert len(looks) == 2


@pytest.mark.parametrize(
    ("files", "megabytes", "is_crowded"), [(20, 1, False), (21, 1, True), (40, 1_280, False), (41, 1_280, True)]
)
def test_a_large_partition_may_keep_a_file_for_every_32_mb(files: int, megabytes: int, is_crowded: bool) -> None:
    partition = Partition(TimeRange(MARCH_1, MARCH_2), files, megabytes * 1024 * 1024, 1)
    assert partition.is_crowded is is_crowded


def test_maintenance_by_hand_merges_what_is_not_due(lake: SparkSession) -> None:
    add_records(lake, BRONZE_EVENTS, datetime.now(), 3)  # noqa: DTZ005 - any day that is not over
    keeper = TableKeeper(lake, BRONZE_EVENTS)
    keeper.run()
    assert data_files(load_table(lake, BRONZE_EVENTS)) == 3
    assert keeper.run_now() == 2
    assert keeper.run_now() == 0
    assert lake.table(BRONZE_EVENTS.full_name).count() == 3


def test_what_has_outlived_its_time_goes(lake: SparkSession) -> None:
    for month in (1, 2, 3):
        add_records(lake, REJECTED_EVENTS, datetime(2026, month, 28), month)
    now = datetime(2026, 4, 10)
    assert drop_expired(lake, REJECTED_EVENTS, 41, now) == 1, "February ended 40 days ago"
    assert drop_expired(lake, REJECTED_EVENTS, 40, now) == 2
    assert lake.table(REJECTED_EVENTS.full_name).count() == 3
    before = snapshots(lake, REJECTED_EVENTS)
    assert drop_expired(lake, REJECTED_EVENTS, 40, now) == 0
    assert snapshots(lake, REJECTED_EVENTS) == before, "nothing was dropped, so nothing is committed"


def test_dropping_days_carries_the_newest_mark(lake: SparkSession, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(maintenance, "MIN_SNAPSHOTS", 1)
    appender = BatchAppender(lake, REJECTED_EVENTS, "silver", QueryCheckpoint("checkpoint"))
    row = ("coin_events", 0, 7, MARCH_1, "reason", "{}", 2, "t1")
    appender.append(lake.createDataFrame([row], REJECTED_EVENTS.spark_schema()), 7)
    assert drop_expired(lake, REJECTED_EVENTS, 1, datetime(2026, 5, 1)) == 1
    expire_now(lake, REJECTED_EVENTS)
    assert snapshots(lake, REJECTED_EVENTS) == 1
    assert newest_batch(lake, REJECTED_EVENTS, "silver", "checkpoint") == 7
