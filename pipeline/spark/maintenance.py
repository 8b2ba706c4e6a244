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
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta

from pyspark.sql import SparkSession

from pipeline.spark.appending import BATCH_MARK, load_table, mark_names, snapshot_summaries
from pipeline.spark.closed_partitions import closed_partitions, utc_now
from pipeline.spark.compaction import Scope, compact, data_files
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
ORPHANS_OLDER_THAN = timedelta(days=3)  # no file that a writer is about to commit; Iceberg refuses less than a day

LOCKS: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
"""By a table's full name: held by whatever rewrites its files or expires its snapshots. An expiry beside a compaction
can take away the snapshot that the compaction started from, which then fails, or ends well with nothing committed
(apache/iceberg#17202)."""


class TableKeeper:
    """Looks after one table; remembers what it has seen, so that an idle table costs one look at its metadata."""

    def __init__(
        self, spark: SparkSession, table: Table, clock: Callable[[], float] = time.time, *, hold: str | None = None
    ) -> None:
        """Delete no file while the one at `hold` is renewed."""
        self._spark = spark
        self._table = table
        self._clock = clock
        self._lock = LOCKS[table.full_name]
        self._retired = RetiredFiles(spark, clock, hold)
        self._seen_snapshot: int | None = None
        self._searched_snapshot: int | None = None
        self._tidied: tuple[int, date] | None = None
        self._files_after_compaction = 0
        self._next_expiry = clock() + EXPIRY_S
        self._expire_before_ms: int | None = None

    def run(self) -> None:
        """Merge manifests and compact if anything was committed since the last call; expire and delete what is due.

        Beside a compaction in another thread only the manifests are merged; the next call makes up for the rest.

        Raises:
            LostCompactionError: a compaction reported success, and the table is as it was.
        """
        iceberg_table = load_table(self._spark, self._table)
        current = iceberg_table.currentSnapshot()
        if current is None:
            return
        changed = current.snapshotId() != self._seen_snapshot
        if changed:
            merge_manifests(self._spark, iceberg_table)
        if self._lock.acquire(blocking=False):
            try:
                self._expire(iceberg_table)
                if changed:
                    self._compact(iceberg_table)
                    iceberg_table.refresh()
                    self._seen_snapshot = iceberg_table.currentSnapshot().snapshotId()
                self._retired.delete_due(iceberg_table)
            finally:
                self._lock.release()

    def tidy(self) -> int:
        """Compact the partitions that are over and crowded; return by how many data files the table shrank.

        A table that has not changed since is looked at once a day: that is when a partition ends.
        """
        with self._lock:
            iceberg_table = load_table(self._spark, self._table)
            current = iceberg_table.currentSnapshot()
            look = None if current is None else (current.snapshotId(), utc_now().date())
            if look is None or look == self._tidied:
                return 0
            count = self._tidy(iceberg_table)
            self._tidied = (iceberg_table.currentSnapshot().snapshotId(), look[1])
            return count

    def run_now(self) -> int:
        """Merge all that can be merged, however little has accumulated; return by how many data files it shrank."""
        with self._lock:
            iceberg_table = load_table(self._spark, self._table)
            if iceberg_table.currentSnapshot() is None:
                return 0
            merge_manifests(self._spark, iceberg_table)
            count = compact(self._spark, self._table, iceberg_table, Scope(min_files=2)) + self._tidy(iceberg_table)
            self._files_after_compaction = data_files(iceberg_table)
            self._expire(iceberg_table)
            return count

    def retire_orphans(self) -> int:
        """Retire the files that no snapshot knows, left by crashes; return how many. An unchanged table is skipped.

        They wait on a list like all others: one of them may be on a list already, and in use by a reader.
        """
        with self._lock:
            iceberg_table = load_table(self._spark, self._table)
            current = iceberg_table.currentSnapshot()
            if current is None or current.snapshotId() == self._searched_snapshot:
                return 0
            before = utc_now() - ORPHANS_OLDER_THAN
            found = self._spark.sql(
                f"CALL iceberg.system.remove_orphan_files(table => '{self._table.full_name}', "
                f"older_than => TIMESTAMP '{before:%Y-%m-%d %H:%M:%S}', dry_run => true)"
            ).collect()
            self._retired.add(iceberg_table, [row["orphan_file_location"] for row in found])
            self._searched_snapshot = current.snapshotId()
        if found:
            log.info("retired %d files of %s that no snapshot knows", len(found), self._table.full_name)
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
        if data_files(iceberg_table) - self._files_after_compaction >= SMALL_FILES:
            compact(self._spark, self._table, iceberg_table, Scope())
            self._files_after_compaction = data_files(iceberg_table)

    def _tidy(self, iceberg_table: JavaObject) -> int:
        """Compact each crowded partition that is over; return by how many data files the table shrank."""
        found = closed_partitions(self._spark, self._table, utc_now())
        crowded = [partition for partition in found if partition.is_crowded]
        return sum(compact(self._spark, self._table, iceberg_table, partition.scope) for partition in crowded)


def count_snapshots(iceberg_table: JavaObject) -> int:
    """Return how many snapshots the table's metadata lists."""
    return int(iceberg_table.operations().current().snapshots().size())


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
    return marks_in(list(snapshot_summaries(spark, iceberg_table)))


def marks_in(summaries: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """Return the newest marks in snapshots' summaries, newest first."""
    marks: dict[str, str] = {}
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
