"""Keeping Iceberg tables quick to read while they are written twice a second.

Presto pays about 6.5 ms for each manifest.
Old snapshots go after a minute, long enough for a reader that has just planned its query. Small files are merged
when enough of them have come together.
"""

from __future__ import annotations

import logging
import time

from pyspark.sql import SparkSession

from pipeline.spark.appending import BATCH_MARK, load_table, mark_names, snapshot_summaries
from pipeline.spark.jvm import JavaObject
from pipeline.spark.positions import newest_positions, positions_mark, to_json
from pipeline.tables.model import Table

log = logging.getLogger(__name__)

KEEP_SNAPSHOTS_MS = 60_000
MIN_SNAPSHOTS = 5
MANY_MANIFESTS = 10
SMALL_FILES = 200  # this many new files since the last compaction ask for the next one
COMPACTED_FILE_BYTES = 128 * 1024 * 1024
GOOD_FILE_BYTES = 16 * 1024 * 1024  # a file of this size is left alone, else a growing one were written over and over


class TableKeeper:
    """Looks after one table; remembers what it has seen, so that an idle table costs nothing."""

    def __init__(self, spark: SparkSession, table: Table) -> None:
        self._spark = spark
        self._table = table
        self._seen_snapshot: int | None = None
        self._files_after_compaction = 0

    def run(self) -> None:
        """Merge manifests and drop old snapshots if anything was committed since the last call; compact if due."""
        iceberg_table = load_table(self._spark, self._table)
        current = iceberg_table.currentSnapshot()
        if current is None or current.snapshotId() == self._seen_snapshot:
            return
        if data_files(iceberg_table) - self._files_after_compaction >= SMALL_FILES:
            self._compact()
            iceberg_table = load_table(self._spark, self._table)
            self._files_after_compaction = data_files(iceberg_table)
        merge_manifests(self._spark, iceberg_table)
        expire_snapshots(iceberg_table)
        iceberg_table.refresh()
        self._seen_snapshot = iceberg_table.currentSnapshot().snapshotId()

    def _compact(self) -> None:
        started = time.monotonic()
        result = self._spark.sql(
            f"CALL iceberg.system.rewrite_data_files(table => '{self._table.full_name}', "
            f"options => map('target-file-size-bytes', '{COMPACTED_FILE_BYTES}', "
            f"'min-file-size-bytes', '{GOOD_FILE_BYTES}', 'min-input-files', '20', "
            "'max-concurrent-file-group-rewrites', '1'))"
        ).collect()[0]
        log.info(
            "compacted %s: %d files into %d in %.1f s",
            self._table.full_name,
            result["rewritten_data_files_count"],
            result["added_data_files_count"],
            time.monotonic() - started,
        )


def data_files(iceberg_table: JavaObject) -> int:
    """Return how many data files the table has now."""
    return int(iceberg_table.currentSnapshot().summary().get("total-data-files") or 0)


def merge_manifests(spark: SparkSession, iceberg_table: JavaObject) -> None:
    """Commit an empty append where manifests have piled up: Iceberg merges the small ones on the way.

    The newest mark of every query that appends to the table is carried on. Where there are several, this is done
    each time: a busy query's snapshots would else push out the one that carries a quiet query's mark. A batch append
    merges by itself, Spark's streaming sink does not.
    """
    marks = newest_marks(spark, iceberg_table)
    shared = sum(BATCH_MARK.fullmatch(name) is not None for name in marks) > 1
    if shared or iceberg_table.currentSnapshot().allManifests(iceberg_table.io()).size() >= MANY_MANIFESTS:
        append = iceberg_table.newAppend()
        for name, value in marks.items():
            append.set(name, value)
        append.commit()


def newest_marks(spark: SparkSession, iceberg_table: JavaObject) -> dict[str, str]:
    """Return the newest batch's mark of each query, which must outlive the snapshot that carried it first."""
    marks: dict[str, str] = {}
    summaries = list(snapshot_summaries(spark, iceberg_table))
    for summary in summaries:
        for found in filter(None, map(BATCH_MARK.fullmatch, summary)):
            checkpoint, batch = mark_names(found[1])
            identity, number = summary[checkpoint], int(summary[batch])
            if number > int(marks.get(batch, -1)) and marks.setdefault(checkpoint, identity) == identity:
                marks[batch] = str(number)
    for found in filter(None, map(BATCH_MARK.fullmatch, tuple(marks))):
        if positions := newest_positions(summaries, found[1]):
            marks[positions_mark(found[1])] = to_json(positions)
    return marks


def expire_snapshots(iceberg_table: JavaObject) -> None:
    """Forget snapshots older than a minute and delete the files that only they used."""
    oldest = int(time.time() * 1000) - KEEP_SNAPSHOTS_MS
    iceberg_table.expireSnapshots().retainLast(MIN_SNAPSHOTS).expireOlderThan(oldest).commit()
