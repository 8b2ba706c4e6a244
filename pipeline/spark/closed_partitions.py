"""Partitions whose time is over: they keep few files, since they are read for as long as the table is there.

What counts new files, a table at a time, leaves up to 19 small ones in each partition, and one of 16 MB for every 16 MB
that a busy day has gained. A partition that is over is therefore compacted once more, to files of 128 MB; again, when
late rows have crowded it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from pyspark.sql import SparkSession

from pipeline.spark.compaction import COMPACTED_FILE_BYTES, Scope
from pipeline.spark.replacing import next_month
from pipeline.spark.time_ranges import TimeRange
from pipeline.tables.model import Table

CLOSED_FILES = 20  # at most, in a partition of ordinary size,
BYTES_A_FILE = (
    COMPACTED_FILE_BYTES // 4
)  # and in a large one a file for each of these: rows pack tighter in large files
SMALL_BYTES = COMPACTED_FILE_BYTES * 3 // 4
GRACE = timedelta(hours=1)  # a partition counts as over so long after its end: most late rows are there by then


@dataclass(frozen=True)
class Partition:
    """A partition's times, and what it holds."""

    times: TimeRange
    files: int
    size_bytes: int
    rows: int

    @property
    def is_crowded(self) -> bool:
        """Whether it has more files than a closed partition may keep."""
        return self.files > max(CLOSED_FILES, self.size_bytes // BYTES_A_FILE)

    @property
    def scope(self) -> Scope:
        """What a compaction of this partition merges."""
        return Scope(min_files=2, small_bytes=SMALL_BYTES, times=self.times)


def closed_partitions(spark: SparkSession, table: Table, now: datetime) -> list[Partition]:
    """Return the table's partitions that were over at `now` (naive, UTC), in the order of time."""
    if not table.partitioned_by:
        return []
    transform, column = table.partitioning
    value = f"partition.{column}_{transform.removesuffix('s')}"
    found = spark.table(f"{table.full_name}.partitions").selectExpr(
        f"{value} AS value", "file_count", "total_data_file_size_in_bytes AS size_bytes", "record_count"
    )
    partitions = [
        Partition(TIMES[transform](row["value"]), row["file_count"], row["size_bytes"], row["record_count"])
        for row in found.collect()
    ]
    return sorted((each for each in partitions if each.times.end + GRACE <= now), key=lambda each: each.times)


def utc_now() -> datetime:
    """Return the time as partitions count it: naive, UTC."""
    return datetime.now(UTC).replace(tzinfo=None)


def _day(value: date) -> TimeRange:
    start = datetime(value.year, value.month, value.day)  # noqa: DTZ001 - naive UTC, as the tables keep it
    return TimeRange(start, start + timedelta(days=1))


def _month(value: int) -> TimeRange:
    start = datetime(1970 + value // 12, 1 + value % 12, 1)  # noqa: DTZ001
    return TimeRange(start, next_month(start))


def _year(value: int) -> TimeRange:
    return TimeRange(datetime(1970 + value, 1, 1), datetime(1971 + value, 1, 1))  # noqa: DTZ001


TIMES: dict[str, Callable[..., TimeRange]] = {"days": _day, "months": _month, "years": _year}
"""What a partition's value says, by the table's transform; Iceberg counts months and years from 1970 on."""
