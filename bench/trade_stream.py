"""Kafka to silver against Spark's bare read-and-parse, the same records in the same run: `bench.trade_stream`.

Ours reads, parses, checks, drops repeats, looks for alerts and writes to an Iceberg table in a scratch folder; the bare
way reads and parses with `from_json`, and throws the rows away. The records are those of the running lake's
`coinbase-raw-trades`, a slice a batch, oldest first; the lake itself is only read. `growth` is what a batch takes once
the table has grown tenfold, as a multiple of what it took before: what follows the batch and not the table stays at 1.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from statistics import median

from confluent_kafka import Consumer, TopicPartition
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from bench.measure import report, timed
from pipeline.events.trades import RAW_TRADES
from pipeline.kafka.clients import client_config
from pipeline.settings import Settings, load_settings
from pipeline.spark.kafka_source import client_options
from pipeline.spark.query_checkpoint import QueryCheckpoint
from pipeline.spark.scratch import scratch_session
from pipeline.stream.gold.alerts import OnDelivery
from pipeline.stream.silver.trades.parsing import to_trades
from pipeline.stream.streams.trades import TradeWriter
from pipeline.tables.catalog import ICEBERG_TABLES

MATCH = "trade_id bigint, price decimal(38,18), size decimal(38,18), product_id string, side string, time timestamp"
WARM_UP, YOUNG = 3, 3  # batches that do not count; batches after them that the table is young
TENFOLD = 10
PARTITIONS = range(RAW_TRADES.partitions)

Slice = dict[str, dict[str, dict[int, int]]]


class NoProducer:
    """Takes alerts and forgets them."""

    def produce(self, topic: str, value: bytes, key: bytes, *, on_delivery: OnDelivery) -> None:
        """Do nothing."""

    def flush(self, timeout: float) -> int:  # noqa: ARG002
        """Say that nothing is left."""
        return 0


def ignore_minutes(minutes: frozenset[datetime], trades: int) -> None:
    """Take what a batch touched and forget it."""


def session_with_tables(settings: Settings, folder: Path) -> SparkSession:
    """Return a session whose `iceberg` catalog lies in a folder, with all tables made."""
    spark = scratch_session(settings, folder, "local[2]", {"spark.driver.memory": "2g"})
    spark.sparkContext.setLogLevel("ERROR")
    for table in ICEBERG_TABLES:
        spark.sql(table.create_sql())
    return spark


def slices(settings: Settings, size: int) -> Iterator[Slice]:
    """Cut the topic into parts of `size` records, as many of each partition."""
    consumer = Consumer(client_config(settings) | {"group.id": "coinlake-bench"})
    ends = {n: consumer.get_watermark_offsets(TopicPartition(RAW_TRADES.name, n)) for n in PARTITIONS}
    consumer.close()
    step = size // len(ends)
    for number in range(min((high - low) // step for low, high in ends.values())):
        start = {n: low + number * step for n, (low, _) in ends.items()}
        yield {
            "startingOffsets": {RAW_TRADES.name: start},
            "endingOffsets": {RAW_TRADES.name: {n: offset + step for n, offset in start.items()}},
        }


def read(spark: SparkSession, settings: Settings, part: Slice) -> DataFrame:
    """Return the records of a part, in one partition, as a batch of the stream has them."""
    reader = spark.read.format("kafka").options(**client_options(settings)).option("includeHeaders", "true")
    rows = reader.option("subscribe", RAW_TRADES.name).options(**{k: json.dumps(v) for k, v in part.items()}).load()
    topic_id = F.lit(None).cast("string").alias("topic_id")
    position = ("topic", topic_id, "partition", "offset", F.col("timestamp").alias("kafka_time"), "key")
    return rows.select(*position, F.col("value").alias("payload"), "headers").coalesce(1)


def measure(settings: Settings, size: int, batches: int) -> dict[str, object]:
    """Take one part after the other, each both ways."""
    with tempfile.TemporaryDirectory() as folder:
        spark = session_with_tables(settings, Path(folder))
        scratch = replace(settings, lake=replace(settings.lake, hdfs_uri=Path(folder).as_uri()))
        writer = TradeWriter(spark, scratch, QueryCheckpoint("bench"), NoProducer(), ignore_minutes)
        bare, ours = [], []
        for number, part in zip(range(WARM_UP + batches), slices(settings, size), strict=False):
            records = read(spark, settings, part)
            parsed = records.select(F.from_json(F.col("payload").cast("string"), MATCH).alias("match")).select(
                "match.*"
            )
            bare.append(timed(parsed.write.format("noop").mode("overwrite").save))
            write = partial(writer, to_trades(records, settings.markets.products), number)
            ours.append(timed(write))
        spark.stop()
    counted = ours[WARM_UP:]
    grown = counted[TENFOLD * (WARM_UP + YOUNG) - WARM_UP :]  # the table then holds ten times the rows of before
    return {
        "records_a_batch": size,
        "batches": len(counted),
        "bare_per_s": round(size / median(bare[WARM_UP:])),
        "ours_per_s": round(size / median(counted)),
        "ratio": round(median(bare[WARM_UP:]) / median(counted), 3),
        "growth": round(median(grown) / median(counted[:YOUNG]), 2) if grown else None,
    }


def main() -> None:
    """Measure and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=30_000, help="records of each batch")
    parser.add_argument("--batches", type=int, default=66, help="60 and more to learn the growth")
    given = parser.parse_args()
    report(**measure(load_settings(), given.records, given.batches))


if __name__ == "__main__":
    main()
