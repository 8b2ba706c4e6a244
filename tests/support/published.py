"""The published price table without a metastore: its partitions in memory, its files in a folder."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

from pyspark.sql import DataFrame, SparkSession

from pipeline.serving.coin_data import CoinDataPublisher
from pipeline.serving.hive_partitions import HivePartitions, Partition
from pipeline.settings import load_settings
from pipeline.tables.silver import COIN_PRICES
from tests.support.clock import FakeClock

SCHEMA = COIN_PRICES.spark_schema()


class KeptPartitions(HivePartitions):
    """The metastore's part, kept in memory; can fail once, as a metastore that is away does."""

    def __init__(self) -> None:
        self.partitions: dict[str, Partition] = {}
        self.fail = False

    def by_value(self) -> dict[str, Partition]:
        return dict(self.partitions)

    def switch(self, partitions: list[Partition]) -> None:
        if self.fail:
            self.fail = False
            raise ConnectionError("the metastore is away")
        self.partitions |= {partition.value: partition for partition in partitions}

    def drop(self, values: Iterable[str]) -> None:
        for value in values:
            self.partitions.pop(value, None)


class Published:
    """A publisher on an own folder, and what a reader of the table sees."""

    def __init__(self, spark: SparkSession, folder: Path) -> None:
        settings = load_settings({"HOME": "/"})
        self.settings = replace(settings, lake=replace(settings.lake, hdfs_uri=f"file://{folder}"))
        self._spark = spark
        self.partitions = KeptPartitions()
        self.clock = FakeClock()
        self.restart()

    def restart(self) -> None:
        self.publisher = CoinDataPublisher(self._spark, self.settings, self.partitions, self.clock.time)

    def rows(self) -> list[tuple[str, datetime, Decimal]]:
        found: list[tuple[str, datetime, Decimal]] = []
        for partition in self.partitions.partitions.values():
            read = self._spark.read.parquet(partition.location).selectExpr(
                "coin", "CAST(event_time AS timestamp_ntz) AS event_time", "price_usd"
            )
            found += [(row["coin"], row["event_time"], row["price_usd"]) for row in read.collect()]
        return sorted(found)

    def files(self, year: str) -> int:
        return len(list(Path(self.partitions.partitions[year].location.removeprefix("file:")).glob("*.parquet")))


def add(spark: SparkSession, first: datetime, count: int, coin: str = "bitcoin", source: str = "test") -> None:
    """Append rows to silver, one a minute."""
    times = [first + timedelta(minutes=number) for number in range(count)]
    rows = [
        (coin, t, Decimal(number + 1), None, None, source, t, "coin_events", 0, number)
        for number, t in enumerate(times)
    ]
    frame: DataFrame = spark.createDataFrame(rows, SCHEMA)
    frame.writeTo(COIN_PRICES.full_name).append()


def silver(spark: SparkSession) -> list[tuple[str, datetime, Decimal]]:
    rows = spark.table(COIN_PRICES.full_name).collect()
    return sorted((row["coin"], row["event_time"], row["price_usd"]) for row in rows)
