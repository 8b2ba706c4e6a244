"""Merging the small data files of an Iceberg table, under its readers and beside its writer."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass

from pyspark.sql import Row, SparkSession

from pipeline.errors import LostCompactionError
from pipeline.spark.jvm import JavaObject
from pipeline.spark.time_ranges import TimeRange
from pipeline.tables.model import TIMESTAMP, Table

log = logging.getLogger(__name__)

COMPACTED_FILE_BYTES = 128 * 1024 * 1024
GOOD_FILE_BYTES = 16 * 1024 * 1024  # a file of this size is left alone, else a growing one were written over and over


@dataclass(frozen=True)
class Scope:
    """Which files are merged: those below `small_bytes` of each partition in `times` that has `min_files` of them."""

    min_files: int = 20
    small_bytes: int = GOOD_FILE_BYTES
    times: TimeRange | None = None  # whole partitions; None stands for all


def compact(spark: SparkSession, table: Table, iceberg_table: JavaObject, scope: Scope) -> int:
    """Merge small files; return by how many data files the compaction has reduced the table.

    Raises:
        LostCompactionError: it reported success, and the table is as it was (apache/iceberg#17202).
    """
    started, start = time.monotonic(), iceberg_table.currentSnapshot().snapshotId()
    result = rewrite(spark, table, scope)
    iceberg_table.refresh()
    rewritten, replaced = result["rewritten_data_files_count"], replaced_files(iceberg_table, start)
    if replaced < rewritten:
        raise LostCompactionError(table.full_name, rewritten, replaced)
    added = result["added_data_files_count"]
    if rewritten:
        duration_s = time.monotonic() - started
        log.info("compacted %s: %d files into %d in %.1f s", table.full_name, rewritten, added, duration_s)
    return int(rewritten - added)


def rewrite(spark: SparkSession, table: Table, scope: Scope) -> Row:
    """Rewrite the scope's files; return Iceberg's account of it."""
    where = "" if scope.times is None else f"where => '{_condition(table, scope.times)}', "
    return spark.sql(
        f"CALL iceberg.system.rewrite_data_files(table => '{table.full_name}', {where}"
        f"options => map('target-file-size-bytes', '{COMPACTED_FILE_BYTES}', "
        f"'min-file-size-bytes', '{scope.small_bytes}', 'min-input-files', '{scope.min_files}', "
        # One task at a time: the batches of the streams must not wait for slots.
        f"'max-file-group-size-bytes', '{COMPACTED_FILE_BYTES}', 'max-concurrent-file-group-rewrites', '1'))"
    ).collect()[0]


def replaced_files(iceberg_table: JavaObject, since: int) -> int:
    """Return how many data files were replaced by others in the snapshots after the one with the id `since`."""
    count, snapshot = 0, iceberg_table.currentSnapshot()
    while snapshot is not None and snapshot.snapshotId() != since:
        if snapshot.operation() == "replace":
            count += int(snapshot.summary().get("deleted-data-files") or 0)
        parent = snapshot.parentId()
        snapshot = None if parent is None else iceberg_table.snapshot(parent)
    return count


def data_files(iceberg_table: JavaObject) -> int:
    """Return how many data files the table has now."""
    return int(iceberg_table.currentSnapshot().summary().get("total-data-files") or 0)


def _condition(table: Table, times: TimeRange) -> str:
    _, column = table.partitioning
    # A column that Spark has to cast first cannot be compared by Iceberg, which chooses the files.
    is_date = any(each.name == column and each.type == "date" for each in table.columns)
    kind, start, end = (
        ("DATE", times.start.date(), times.end.date()) if is_date else (TIMESTAMP, times.start, times.end)
    )
    return f'{column} >= {kind} "{start}" AND {column} < {kind} "{end}"'
