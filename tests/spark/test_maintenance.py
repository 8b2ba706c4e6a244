"""Looking after a table: fewer files and snapshots, the same rows and marks, and no file taken from under a reader."""

from __future__ import annotations

import os
import threading
import time
from datetime import datetime
from pathlib import Path

import pytest
from pyspark.sql import Row, SparkSession

from pipeline.errors import LostCompactionError
from pipeline.spark import compaction, maintenance
from pipeline.spark.appending import BatchAppender, load_table, snapshot_summaries
from pipeline.spark.compaction import data_files
from pipeline.spark.maintenance import TableKeeper, count_snapshots
from pipeline.spark.query_checkpoint import QueryCheckpoint
from pipeline.spark.retired_files import HOLD_S, RetiredFiles
from pipeline.tables.ops import GAPS
from pipeline.tables.silver import REJECTED_EVENTS
from tests.support.batch_marks import newest_batch
from tests.support.clock import FakeClock

NOON = datetime(2026, 1, 1, 12)


def append(spark: SparkSession, query: str, batches: range) -> None:
    appender = BatchAppender(spark, REJECTED_EVENTS, query, QueryCheckpoint("checkpoint"))
    for number in batches:
        row = ("coin_events", 0, number, NOON, f"reason of {query}", "{}", 2, "t1")
        appender.append(spark.createDataFrame([row], REJECTED_EVENTS.spark_schema()), number)


def add_files(spark: SparkSession, count: int) -> None:
    """Append this many files of one row to ops.gaps."""
    spark.range(0, count, 1, count).selectExpr(
        "CAST(id AS string) AS gap_id", "'coinbase' AS source", "'BTC-USD' AS product_id", "id AS from_id",
        "id AS to_id", "TIMESTAMP_NTZ '2026-01-01 00:00:00' AS opened_at", "'jump' AS reason", "'open' AS status",
        "0L AS filled", "0L AS lost", "CAST(NULL AS timestamp_ntz) AS closed_at", "CAST(NULL AS string) AS note",
    ).writeTo(GAPS.full_name).append()  # fmt: skip


def folder(spark: SparkSession) -> Path:
    return Path(load_table(spark, GAPS).location().removeprefix("file:"))


def files(spark: SparkSession) -> set[Path]:
    """Return what a reader of ops.gaps may open after it has read the table's metadata."""
    return {path for path in folder(spark).rglob("*") if path.suffix in {".parquet", ".avro"}}


def pass_minutes(clock: FakeClock, keeper: TableKeeper, count: int) -> None:
    for _ in range(count):
        clock.sleep(60)
        keeper.run()


@pytest.fixture
def eager(monkeypatch: pytest.MonkeyPatch) -> None:
    """Compact at 21 new files, and keep the current snapshot only."""
    monkeypatch.setattr(maintenance, "SMALL_FILES", 21)
    monkeypatch.setattr(maintenance, "MIN_SNAPSHOTS", 1)


def offsets(spark: SparkSession) -> list[int]:
    return sorted(row["offset"] for row in spark.table(REJECTED_EVENTS.full_name).collect())


def test_an_empty_table_is_left_alone(lake: SparkSession) -> None:
    TableKeeper(lake, REJECTED_EVENTS).run()
    assert load_table(lake, REJECTED_EVENTS).currentSnapshot() is None


@pytest.mark.usefixtures("eager")
def test_small_files_become_one_with_the_same_rows_and_marks(lake: SparkSession) -> None:
    rows = [("coin_events", 0, number, NOON, "reason", "{}", 2, "t1") for number in range(25)]
    many = lake.createDataFrame(rows, REJECTED_EVENTS.spark_schema()).repartition(25)
    BatchAppender(lake, REJECTED_EVENTS, "silver", QueryCheckpoint("checkpoint")).append(many, 24)
    TableKeeper(lake, REJECTED_EVENTS).run()
    assert data_files(load_table(lake, REJECTED_EVENTS)) == 1
    assert offsets(lake) == list(range(25))
    assert newest_batch(lake, REJECTED_EVENTS, "silver", "checkpoint") == 24


@pytest.mark.usefixtures("eager")
def test_a_reader_has_15_minutes_after_a_compaction(lake: SparkSession) -> None:
    clock = FakeClock()
    keeper = TableKeeper(lake, GAPS, clock.time)
    add_files(lake, 25)
    planned = files(lake)
    replaced = {path for path in planned if path.suffix == ".parquet"}
    pass_minutes(clock, keeper, 2)
    assert data_files(load_table(lake, GAPS)) == 1
    add_files(lake, 1)
    pass_minutes(clock, keeper, 1)  # expires the snapshot of the 25 files,
    pass_minutes(clock, keeper, 1)  # and the one that replaced them
    assert count_snapshots(load_table(lake, GAPS)) == 1
    another_process = TableKeeper(lake, GAPS, clock.time)
    clock.sleep(839)
    another_process.run()
    assert planned <= files(lake)
    clock.sleep(60)
    another_process.run()
    assert replaced <= files(lake)
    clock.sleep(1)
    another_process.run()
    assert not planned & files(lake)
    assert not list((folder(lake) / "_retired").glob("*.txt"))
    assert lake.table(GAPS.full_name).count() == 26


@pytest.mark.usefixtures("eager")
def test_a_snapshot_that_was_current_a_moment_ago_is_kept(lake: SparkSession) -> None:
    clock = FakeClock()
    keeper = TableKeeper(lake, GAPS, clock.time)
    add_files(lake, 1)
    pass_minutes(clock, keeper, 3)  # it was committed long ago,
    planned = load_table(lake, GAPS).currentSnapshot().snapshotId()
    add_files(lake, 1)  # and superseded just now
    keeper.run()
    clock.sleep(59)
    keeper.run()
    assert load_table(lake, GAPS).snapshot(planned) is not None
    clock.sleep(1)
    keeper.run()
    assert load_table(lake, GAPS).snapshot(planned) is None


def test_files_that_are_gone_already_are_no_failure(lake: SparkSession) -> None:
    clock = FakeClock()
    retired = RetiredFiles(lake, clock.time)
    add_files(lake, 1)
    table = load_table(lake, GAPS)
    left = folder(lake) / "left.avro"
    left.touch()
    retired.add(table, [f"file:{folder(lake)}/gone.parquet", f"file:{left}"])
    clock.sleep(900)
    retired.delete_due(table)
    assert not left.exists()


def test_a_backup_keeps_files_until_it_says_so_no_longer(lake: SparkSession, tmp_path: Path) -> None:
    clock, hold = FakeClock(), tmp_path / "hold"
    retired = RetiredFiles(lake, clock.time, f"file:{hold}")
    add_files(lake, 1)
    table = load_table(lake, GAPS)
    left = folder(lake) / "left.avro"
    left.touch()
    retired.add(table, [f"file:{left}"])
    clock.sleep(900)
    hold.touch()
    os.utime(hold, (clock.time(),) * 2)
    clock.sleep(HOLD_S - 1)
    retired.delete_due(table)
    assert left.exists()
    clock.sleep(1)  # what a killed backup left
    retired.delete_due(table)
    assert not left.exists()


def test_orphans_are_found_and_retired_like_other_files(lake: SparkSession) -> None:
    clock = FakeClock()
    add_files(lake, 1)
    known = files(lake)
    crashed, being_written = (folder(lake) / "data" / f"{name}.parquet" for name in ("crashed", "new"))
    for path in (crashed, being_written):
        path.write_bytes(b"PAR1")
    os.utime(crashed, (time.time() - 4 * 86_400,) * 2)
    keeper = TableKeeper(lake, GAPS, clock.time)
    assert keeper.retire_orphans() == 1
    assert keeper.retire_orphans() == 0, "nothing was committed since"
    assert crashed.exists()
    clock.sleep(900)
    keeper.run()
    assert files(lake) == {*known, being_written}


@pytest.mark.usefixtures("eager")
def test_nothing_expires_beside_a_compaction(lake: SparkSession, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = FakeClock()
    keeper, other = TableKeeper(lake, GAPS, clock.time), TableKeeper(lake, GAPS, clock.time)
    add_files(lake, 1)
    add_files(lake, 1)
    pass_minutes(clock, other, 1)
    add_files(lake, 25)  # the compaction starts from this snapshot, which the other keeper would expire
    rewrite = compaction.rewrite

    def rewrite_beside_an_expiry(*arguments: object) -> Row:
        before = count_snapshots(load_table(lake, GAPS))
        beside = threading.Thread(target=pass_minutes, args=(clock, other, 2))
        beside.start()
        beside.join(30)
        assert not beside.is_alive(), "the other keeper does not wait either"
        assert count_snapshots(load_table(lake, GAPS)) == before
        return rewrite(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(compaction, "rewrite", rewrite_beside_an_expiry)
    keeper.run()
    assert data_files(load_table(lake, GAPS)) == 1
    assert lake.table(GAPS.full_name).count() == 27
    pass_minutes(clock, other, 2)
    assert count_snapshots(load_table(lake, GAPS)) == 1, "what was left out is made up for"


@pytest.mark.usefixtures("eager")
def test_manifests_are_merged_beside_a_compaction(lake: SparkSession) -> None:
    for _ in range(maintenance.MANY_MANIFESTS):
        add_files(lake, 1)
    keeper = TableKeeper(lake, GAPS)
    with maintenance.LOCKS[GAPS.full_name]:
        keeper.run()
    table = load_table(lake, GAPS)
    assert table.currentSnapshot().allManifests(table.io()).size() < maintenance.MANY_MANIFESTS


@pytest.mark.usefixtures("eager")
def test_a_compaction_that_committed_nothing_is_an_error_and_retried(
    lake: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    add_files(lake, 25)
    keeper = TableKeeper(lake, GAPS)
    with monkeypatch.context() as patch:
        lost = Row(rewritten_data_files_count=25, added_data_files_count=1)
        patch.setattr(compaction, "rewrite", lambda *_: lost)
        with pytest.raises(LostCompactionError, match="25 files reported as compacted, but only 0 were replaced"):
            keeper.run()
    keeper.run()
    assert data_files(load_table(lake, GAPS)) == 1


@pytest.mark.usefixtures("eager")
def test_a_table_that_cannot_be_compacted_is_expired_all_the_same(
    lake: SparkSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> Row:
        raise OSError("a block is lost")

    monkeypatch.setattr(compaction, "rewrite", fail)
    clock = FakeClock()
    keeper = TableKeeper(lake, GAPS, clock.time)
    add_files(lake, 21)
    for _ in range(3):
        add_files(lake, 1)
        with pytest.raises(OSError, match="a block is lost"):
            pass_minutes(clock, keeper, 1)
    assert count_snapshots(load_table(lake, GAPS)) == 2


def test_marks_of_every_query_outlive_their_snapshots(lake: SparkSession, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(maintenance, "MIN_SNAPSHOTS", 1)
    clock = FakeClock()
    keeper = TableKeeper(lake, REJECTED_EVENTS, clock.time)
    append(lake, "silver", range(3))
    for start in range(0, 12, 4):
        append(lake, "trades", range(start, start + 4))
        pass_minutes(clock, keeper, 1)
    pass_minutes(clock, keeper, 2)
    assert len(list(snapshot_summaries(lake, load_table(lake, REJECTED_EVENTS)))) == 1
    assert newest_batch(lake, REJECTED_EVENTS, "silver", "checkpoint") == 2
    assert newest_batch(lake, REJECTED_EVENTS, "trades", "checkpoint") == 11
    assert newest_batch(lake, REJECTED_EVENTS, "trades", "another checkpoint") == -1


def test_an_idle_table_gets_no_snapshot(lake: SparkSession) -> None:
    keeper = TableKeeper(lake, REJECTED_EVENTS)
    append(lake, "silver", range(3))
    append(lake, "trades", range(3))
    keeper.run()
    seen = load_table(lake, REJECTED_EVENTS).currentSnapshot().snapshotId()
    keeper.run()
    assert load_table(lake, REJECTED_EVENTS).currentSnapshot().snapshotId() == seen
