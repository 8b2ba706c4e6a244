"""hive.crypto.coin_data: silver.coin_prices as a plain Parquet table for Hive, Impala and Presto.

A month whose rows changed is written anew to a folder that no reader knows; then one metastore transaction points all
changed partitions at their new folders. Old folders go when no reader can be using them any more.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from datetime import date
from functools import reduce

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from pipeline.events.coin_prices import COIN_DATA, COIN_PRICES
from pipeline.serving.hive_partitions import HivePartitions, Partition
from pipeline.settings import Settings
from pipeline.stream import hdfs
from pipeline.stream.silver.high_water import month_of

FOLDER_PREFIX = "published-"  # and the time in ns
KEEP_FOLDERS_S = 900  # a reader that planned its query on old folders has this long to finish


def run(spark: SparkSession, settings: Settings, partitions: HivePartitions, months: Iterable[str]) -> int:
    """Publish these months (`2013-04`) as silver has them now; return the number of rows written."""
    wanted = sorted(months)
    if not wanted:
        return 0
    rows = to_coin_data(read_months(spark, wanted)).persist()
    try:
        counts = {row["month"]: row["count"] for row in rows.groupBy("month").count().collect()}
        folder = f"{settings.table_location(COIN_DATA.schema, COIN_DATA.name)}/{FOLDER_PREFIX}{time.time_ns()}"
        write_files(rows, folder)
    finally:
        rows.unpersist()
    partitions.switch([Partition(month, f"{folder}/month={month}", count) for month, count in counts.items()])
    return sum(counts.values())


def drop_old_folders(spark: SparkSession, settings: Settings, partitions: HivePartitions) -> list[str]:
    """Delete folders that no partition points at any more, or that a crash left behind; return their names."""
    root = settings.table_location(COIN_DATA.schema, COIN_DATA.name)
    oldest = time.time_ns() - KEEP_FOLDERS_S * 1_000_000_000
    used = {partition.location.split("/")[-2] for partition in partitions.by_value().values()}
    old = [name for name in hdfs.list_names(spark, root) if name not in used and _made_ns(name) < oldest]
    for name in old:
        hdfs.delete(spark, f"{root}/{name}")
    return old


def stale_months(spark: SparkSession, partitions: HivePartitions) -> frozenset[str]:
    """Return the months in which silver and the published table differ.

    Silver only ever gains rows, so equal numbers mean equal rows.
    """
    counts = spark.table(COIN_PRICES.full_name).groupBy(month_of("event_time").alias("month")).count().collect()
    published = {value: partition.rows for value, partition in partitions.by_value().items()}
    return frozenset(row["month"] for row in counts if published.get(row["month"]) != row["count"])


def read_months(spark: SparkSession, months: list[str]) -> DataFrame:
    """Read these months of silver; ranges of event_time let Iceberg skip the other files."""
    return spark.table(COIN_PRICES.full_name).where(reduce(lambda a, b: a | b, map(_in_month, months)))


def to_coin_data(prices: DataFrame) -> DataFrame:
    """Give silver's rows the published table's columns, ordered so that each month is written in one go."""
    return (
        prices.withColumn("date", F.to_date("event_time"))
        .withColumn("month", month_of("event_time"))
        # Parquet's old INT96 time: the one form that Hive 2, Impala and Presto all read as UTC.
        .withColumn("event_time", F.col("event_time").cast("timestamp"))
        .select(*COIN_DATA.column_names)
        .coalesce(1)
        .sortWithinPartitions("month", "coin", "event_time")
    )


def write_files(rows: DataFrame, folder: str) -> None:
    """Write the rows below the folder, one folder a month."""
    rows.write.partitionBy(*COIN_DATA.partitioned_by).option("compression", "snappy").parquet(folder)


def _made_ns(name: str) -> int:
    """Return when a published folder was made; what is not ours counts as new, and stays."""
    number = name.removeprefix(FOLDER_PREFIX)
    return int(number) if name.startswith(FOLDER_PREFIX) and number.isdecimal() else time.time_ns()


def _in_month(month: str) -> Column:
    first = date.fromisoformat(f"{month}-01")
    following = date(first.year + first.month // 12, first.month % 12 + 1, 1)
    time_column = F.col("event_time")
    return (time_column >= F.lit(first).cast("timestamp_ntz")) & (time_column < F.lit(following).cast("timestamp_ntz"))
