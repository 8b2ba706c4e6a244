"""Keeping Iceberg tables quick to read while they are written twice a second.

Presto pays about 6.5 ms for each manifest, and every commit writes all snapshots' entries again: 1,200 of them are a
file of 1.1 MB, and a commit then takes about twice as long as with 60. So snapshots expire when they have not been the
current one for a minute. Their files stay for another 15 minutes (`retired_files`). Small files are merged when enough
of them have accumulated.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from pyspark.sql import Row, SparkSession

from pipeline.errors import LostCompactionError
from pipeline.spark.appending import BATCH_MARK, load_table, mark_names, snapshot_summaries
from pipeline.spark.jvm import JavaObject, java_class
from pipeline.spark.positions import newest_positions, positions_mark, to_json
from pipeline.spark.progress_mark import PROGRESS, newest_progress
from pipeline.spark.retired_files import RetiredFiles
from pipeline.tables.model import Table

log = logging.getLogger(__name__)

EXPIRY_S = 60.0
MIN_SNAPSHOTS = 5
MANY_MANIFESTS = 10
SMALL_FILES = 200  # this many new files since the last compaction ask for the next one
COMPACTED_FILE_BYTES = 128 * 1024 * 1024
GOOD_FILE_BYTES = 16 * 1024 * 1024  # a file of this size is left alone, else a growing one were written over and over
ORPHANS_OLDER_THAN = timedelta(days=3)  # no file that a writer is about to commit; Iceberg refuses less than a day

MAINTENANCE = threading.Lock()
"""Held by whatever rewrites files or expires snapshots: an expiry beside a compaction can take away the snapshot that
the compaction started from, which then fails, or ends well with nothing committed (apache/iceberg#17202)."""


class TableKeeper:
    """Looks after one table; remembers what it has seen, so that an idle table costs one look at its metadata."""

    def __init__(self, spark: SparkSession, table: Table, clock: Callable[[], float] = time.time) -> None:
        self._spark = spark
        self._table = table
        self._clock = clock
        self._retired = RetiredFiles(spark, clock)
        self._seen_snapshot: int | None = None
        self._searched_snapshot: int | None = None
        self._files_after_compaction = 0
        self._next_expiry = clock() + EXPIRY_S
        self._expire_before_ms: int | None = None

    def run(self) -> None:
        """Merge manifests and compact if anything was committed since the last call; expire and delete what is due.

        Raises:
            LostCompactionError: a compaction reported success, and the table is as it was.
        """
        with MAINTENANCE:
            iceberg_table = load_table(self._spark, self._table)
            current = iceberg_table.currentSnapshot()
            if current is None:
                return
            changed = current.snapshotId() != self._seen_snapshot
            if changed:
                merge_manifests(self._spark, iceberg_table)
            self._expire(iceberg_table)
            if changed:
                self._compact(iceberg_table)
                iceberg_table.refresh()
                self._seen_snapshot = iceberg_table.currentSnapshot().snapshotId()
            self._retired.delete_due(iceberg_table)

    def retire_orphans(self) -> int:
        """Retire the files that no snapshot knows, left by crashes; return how many. An unchanged table is skipped.

        They wait on a list like all others: one of them may be on a list already, and in use by a reader.
        """
        with MAINTENANCE:
            iceberg_table = load_table(self._spark, self._table)
            current = iceberg_table.currentSnapshot()
            if current is None or current.snapshotId() == self._searched_snapshot:
                return 0
            before = datetime.now(UTC) - ORPHANS_OLDER_THAN
            found = self._spark.sql(
                f"CALL iceberg.system.remove_orphan_files(table => '{self._table.full_name}', "
                f"older_than => TIMESTAMP '{before:%Y-%m-%d %H:%M:%S}', dry_run => true)"
            ).collect()
            self._retired.add(iceberg_table, [row["orphan_file_location"] for row in found])
            self._searched_snapshot = current.snapshotId()
            return len(found)

    def _expire(self, iceberg_table: JavaObject) -> None:
        """Expire what was no longer current at the last expiry, a minute ago or longer."""
        if self._clock() < self._next_expiry or count_snapshots(iceberg_table) <= MIN_SNAPSHOTS:
            return
        before_ms, self._expire_before_ms = self._expire_before_ms, iceberg_table.currentSnapshot().timestampMillis()
        self._next_expiry = self._clock() + EXPIRY_S
        if before_ms is not None:
            unneeded = java_class(self._spark, "java.util.stream.Stream").builder()
            try:
                expire_snapshots(iceberg_table, before_ms, unneeded)
            finally:
                joined = java_class(self._spark, "java.lang.String").join("\n", unneeded.build().toList())
                self._retired.add(iceberg_table, joined.splitlines())

    def _compact(self, iceberg_table: JavaObject) -> None:
        if data_files(iceberg_table) - self._files_after_compaction < SMALL_FILES:
            return
        started, start = time.monotonic(), iceberg_table.currentSnapshot().snapshotId()
        result = rewrite_small_files(self._spark, self._table)
        iceberg_table.refresh()
        rewritten, replaced = result["rewritten_data_files_count"], replaced_files(iceberg_table, start)
        if replaced < rewritten:
            raise LostCompactionError(self._table.full_name, rewritten, replaced)
        self._files_after_compaction = data_files(iceberg_table)
        added, duration_s = result["added_data_files_count"], time.monotonic() - started
        log.info("compacted %s: %d files into %d in %.1f s", self._table.full_name, rewritten, added, duration_s)


def rewrite_small_files(spark: SparkSession, table: Table) -> Row:
    """Compact the table's small files; return Iceberg's account of it."""
    return spark.sql(
        f"CALL iceberg.system.rewrite_data_files(table => '{table.full_name}', "
        f"options => map('target-file-size-bytes', '{COMPACTED_FILE_BYTES}', "
        f"'min-file-size-bytes', '{GOOD_FILE_BYTES}', 'min-input-files', '20', "
        "'max-concurrent-file-group-rewrites', '1'))"
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


def count_snapshots(iceberg_table: JavaObject) -> int:
    """Return how many snapshots the table's metadata lists."""
    return int(iceberg_table.operations().current().snapshots().size())


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
    """Return the newest mark of each query and of the table, which must outlive the snapshot that carried it first."""
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
    if progress := newest_progress(summaries):
        marks[PROGRESS] = progress
    return marks


def expire_snapshots(iceberg_table: JavaObject, before_ms: int, unneeded: JavaObject) -> None:
    """Drop snapshots committed before `before_ms` (since 1970), but for the newest few.

    The Java consumer `unneeded` gets the path of each file that only they held; nothing is deleted.
    """
    expiry = iceberg_table.expireSnapshots().retainLast(MIN_SNAPSHOTS).expireOlderThan(before_ms)
    expiry.deleteWith(unneeded).commit()
