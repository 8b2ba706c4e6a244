"""Looking after a table: fewer files, manifests and snapshots, the same rows, and the marks of every query."""

from __future__ import annotations

from datetime import datetime

import pytest
from pyspark.sql import SparkSession

from pipeline.spark import maintenance
from pipeline.spark.appending import BatchAppender, load_table, snapshot_summaries
from pipeline.spark.maintenance import TableKeeper, data_files
from pipeline.spark.query_checkpoint import QueryCheckpoint
from pipeline.tables.silver import REJECTED_EVENTS
from tests.support.batch_marks import newest_batch

NOON = datetime(2026, 1, 1, 12)


def append(spark: SparkSession, query: str, batches: range) -> None:
    appender = BatchAppender(spark, REJECTED_EVENTS, query, QueryCheckpoint("checkpoint"))
    for number in batches:
        row = ("coin_events", 0, number, NOON, f"reason of {query}", "{}", 2, "t1")
        appender.append(spark.createDataFrame([row], REJECTED_EVENTS.spark_schema()), number)


def offsets(spark: SparkSession) -> list[int]:
    return sorted(row["offset"] for row in spark.table(REJECTED_EVENTS.full_name).collect())


def test_an_empty_table_is_left_alone(lake: SparkSession) -> None:
    TableKeeper(lake, REJECTED_EVENTS).run()
    assert load_table(lake, REJECTED_EVENTS).currentSnapshot() is None


def test_small_files_become_one_with_the_same_rows(lake: SparkSession, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(maintenance, "SMALL_FILES", 21)
    append(lake, "silver", range(25))
    TableKeeper(lake, REJECTED_EVENTS).run()
    assert data_files(load_table(lake, REJECTED_EVENTS)) == 1
    assert offsets(lake) == list(range(25))
    assert newest_batch(lake, REJECTED_EVENTS, "silver", "checkpoint") == 24


def test_marks_of_every_query_outlive_their_snapshots(lake: SparkSession, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(maintenance, "KEEP_SNAPSHOTS_MS", -60_000)
    monkeypatch.setattr(maintenance, "MIN_SNAPSHOTS", 1)
    keeper = TableKeeper(lake, REJECTED_EVENTS)
    append(lake, "silver", range(3))
    for start in range(0, 40, 10):
        append(lake, "trades", range(start, start + 10))
        keeper.run()
    assert len(list(snapshot_summaries(lake, load_table(lake, REJECTED_EVENTS)))) == 1
    assert newest_batch(lake, REJECTED_EVENTS, "silver", "checkpoint") == 2
    assert newest_batch(lake, REJECTED_EVENTS, "trades", "checkpoint") == 39
    assert newest_batch(lake, REJECTED_EVENTS, "trades", "another checkpoint") == -1


def test_an_idle_table_gets_no_snapshot(lake: SparkSession) -> None:
    keeper = TableKeeper(lake, REJECTED_EVENTS)
    append(lake, "silver", range(3))
    append(lake, "trades", range(3))
    keeper.run()
    seen = load_table(lake, REJECTED_EVENTS).currentSnapshot().snapshotId()
    keeper.run()
    assert load_table(lake, REJECTED_EVENTS).currentSnapshot().snapshotId() == seen
