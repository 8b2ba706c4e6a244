"""hive.crypto.coin_data: silver.coin_prices as a plain Parquet table for Hive, Impala and Presto.

What silver has gained is written where no reader looks, and then each year's file is moved into that year's folder: a
reader sees all its rows or none. A year of many small files is rewritten to a new folder, and one metastore
transaction points readers there; so is each year that a crash left behind silver. Old folders are deleted when no
reader can be using them any more.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import replace

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from pipeline.serving.hive_partitions import HivePartitions, Partition
from pipeline.settings import Settings
from pipeline.spark import hdfs
from pipeline.spark.appending import load_table
from pipeline.spark.jvm import JavaObject, java_class
from pipeline.tables.hive import COIN_DATA
from pipeline.tables.silver import COIN_PRICES

FOLDER_PREFIX = "published-"  # and the time in ns
KEEP_FOLDERS_S = 900.0  # a reader that planned its query on old folders has this long to finish
MAX_FILES = 60  # in a year's folder; five coins polled every minute reach it in an hour


class CoinDataPublisher:
    """Brings the table up to silver's newest snapshot; remembers the snapshot it has published.

    The memory ends with the process. The first run therefore compares the years' numbers of rows and rewrites those
    that differ. Silver only gains rows, so equal numbers mean equal rows; whoever removes some calls `rewrite`.
    """

    def __init__(
        self,
        spark: SparkSession,
        settings: Settings,
        partitions: HivePartitions,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._spark = spark
        self._root = settings.lake.table_location(COIN_DATA.schema, COIN_DATA.name)
        self._partitions = partitions
        self._clock = clock
        self._published: int | None = None
        self._draft: str | None = None  # the folder that is being written
        self._unused_since: dict[str, float] = {}

    def run(self) -> int:
        """Publish what is new and return the number of rows written; 0 when there is nothing new."""
        silver = load_table(self._spark, COIN_PRICES)
        snapshot = silver.currentSnapshot()
        if snapshot is None or snapshot.snapshotId() == self._published:
            return 0
        current = int(snapshot.snapshotId())
        # Whoever fails below leaves None here, so that the next run compares instead of adding rows a second time.
        since, self._published = self._published, None
        known = since is not None and _is_ancestor(self._spark, silver, since)
        try:
            rows = self._add(since, current) if known else self._rewrite(self._uneven_years(current), current)
        finally:
            self._draft = None
        self._published = current
        return rows

    def rewrite(self, years: Collection[str]) -> int:
        """Rewrite these years after rows of theirs were removed from silver; return how many rows they hold now."""
        self._published = None  # the next run compares all others
        try:
            return self._rewrite(years, int(load_table(self._spark, COIN_PRICES).currentSnapshot().snapshotId()))
        finally:
            self._draft = None

    def drop_old_folders(self) -> list[str]:
        """Delete folders that no partition points at any more, or that a crash left behind; return their names.

        A folder's time runs from the first call that finds it unused: a reader may have planned on it until then. A
        restart of the process starts that time again.
        """
        now = self._clock()
        used = {partition.location.split("/")[-2] for partition in self._partitions.by_value().values()}
        ours = [name for name in hdfs.list_names(self._spark, self._root) if name.startswith(FOLDER_PREFIX)]
        unused = [name for name in ours if name not in used and name != self._draft]
        self._unused_since = {name: self._unused_since.get(name, now) for name in unused}
        old = [name for name, since in self._unused_since.items() if now - since >= KEEP_FOLDERS_S]
        for name in old:
            hdfs.delete(self._spark, f"{self._root}/{name}")
        return old

    def _add(self, since: int | None, current: int) -> int:
        """Move the rows of the snapshots after `since` into their years' folders."""
        new = self._silver(**{"start-snapshot-id": since, "end-snapshot-id": current})
        rows = to_coin_data(new).persist()
        try:
            counts = _count_years(rows)
            published = self._partitions.by_value()
            full = {year for year in counts if year not in published or self._files(published[year]) >= MAX_FILES}
            grown = {year: counts[year] for year in counts.keys() - full}
            if grown:
                self._move_in(_in_years(rows, grown), [published[year] for year in grown], grown)
        finally:
            rows.unpersist()
        return sum(grown.values()) + self._rewrite(full, current)

    def _move_in(self, rows: DataFrame, years: list[Partition], counts: dict[str, int]) -> None:
        folder = self._new_folder()
        write_files(rows, folder)
        for year in years:
            hdfs.move_files(self._spark, f"{folder}/year={year.value}", year.location)
        hdfs.delete(self._spark, folder)
        self._partitions.switch([replace(year, rows=year.rows + counts[year.value]) for year in years])

    def _rewrite(self, years: Collection[str], current: int) -> int:
        """Write these years as silver's snapshot has them to a new folder, and point readers there."""
        if not years:
            return 0
        rows = to_coin_data(_in_years(with_year(self._silver(**{"snapshot-id": current})), years)).persist()
        try:
            counts = _count_years(rows)
            folder = self._new_folder()
            write_files(rows, folder)
        finally:
            rows.unpersist()
        self._partitions.switch([Partition(year, f"{folder}/year={year}", count) for year, count in counts.items()])
        self._partitions.drop(set(years) - counts.keys())  # those of which silver has no row any more
        return sum(counts.values())

    def _uneven_years(self, current: int) -> set[str]:
        """Return the years in which silver and the published table differ in their number of rows."""
        published = {value: partition.rows for value, partition in self._partitions.by_value().items()}
        counts = _count_years(with_year(self._silver(**{"snapshot-id": current})))
        return {year for year in counts.keys() | published.keys() if published.get(year) != counts.get(year)}

    def _silver(self, **snapshots: int | None) -> DataFrame:
        return self._spark.read.options(**snapshots).table(COIN_PRICES.full_name)

    def _files(self, partition: Partition) -> int:
        return len(hdfs.list_names(self._spark, partition.location))

    def _new_folder(self) -> str:
        self._draft = f"{FOLDER_PREFIX}{time.time_ns()}"
        return f"{self._root}/{self._draft}"


def with_year(prices: DataFrame) -> DataFrame:
    """Add the UTC year of event_time."""
    return prices.withColumn("year", F.year("event_time"))


def to_coin_data(prices: DataFrame) -> DataFrame:
    """Give silver's rows the published table's columns, ordered so that each year is written in one go."""
    return (
        with_year(prices)
        .withColumn("date", F.to_date("event_time"))
        # Parquet's old INT96 time: the one form that Hive 2, Impala and Presto all read as UTC.
        .withColumn("event_time", F.col("event_time").cast("timestamp"))
        .select(*COIN_DATA.column_names)
        .coalesce(1)
        .sortWithinPartitions("year", "coin", "event_time")
    )


def write_files(rows: DataFrame, folder: str) -> None:
    """Write the rows below the folder, one folder a year."""
    rows.write.partitionBy(*COIN_DATA.partitioned_by).option("compression", "snappy").parquet(folder)


def _is_ancestor(spark: SparkSession, silver: JavaObject, snapshot: int) -> bool:
    """Tell whether all snapshots from this one to the current one are still kept."""
    current = silver.currentSnapshot().snapshotId()
    return bool(java_class(spark, "org.apache.iceberg.util.SnapshotUtil").isAncestorOf(silver, current, snapshot))


def _in_years(rows: DataFrame, years: Iterable[str]) -> DataFrame:
    return rows.where(_year().isin(*years))


def _count_years(rows: DataFrame) -> dict[str, int]:
    return {row["year"]: row["count"] for row in rows.groupBy(_year().alias("year")).count().collect()}


def _year() -> Column:
    return F.col("year").cast("string")  # as a partition's value is written
