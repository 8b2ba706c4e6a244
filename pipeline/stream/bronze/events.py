"""bronze.events: every Kafka record as it came."""

from __future__ import annotations

from collections.abc import Callable

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.streaming.query import StreamingQuery

from pipeline.events.catalog import TOPICS
from pipeline.spark.appending import BatchAppender
from pipeline.spark.kafka_source import KafkaSource, Pace, read_records
from pipeline.spark.query_checkpoint import QueryCheckpoint
from pipeline.tables.bronze import BRONZE_EVENTS

TRIGGER = "10 seconds"  # bronze is for rebuilding, not for watching: fewer, larger files
PACE = Pace(max_records=1_000_000)
"""A batch, one every 10 s, so that catching up is faster than any rate that one broker takes. It bounds time, not
memory: records are streamed through, and what is held is a row group a day (see the table's properties)."""

Write = Callable[[DataFrame, int], None]


class BronzeWriter:
    """Writes a micro-batch to the table, each record once."""

    def __init__(self, spark: SparkSession, checkpoint: QueryCheckpoint) -> None:
        self._appender = BatchAppender(spark, BRONZE_EVENTS, BRONZE_EVENTS.name, checkpoint)

    def __call__(self, records: DataFrame, batch_id: int) -> None:
        """Write one batch."""
        self._appender.append(to_bronze(records), batch_id)


def run(source: KafkaSource, checkpoint: str, write: Write) -> StreamingQuery:
    """Start the stream."""
    return (
        read_records(source, TOPICS, PACE, headers=True)
        .writeStream.queryName(BRONZE_EVENTS.name)
        .option("checkpointLocation", checkpoint)
        .trigger(processingTime=TRIGGER)
        .foreachBatch(write)
        .start()
    )


def to_bronze(records: DataFrame) -> DataFrame:
    """Give the records bronze's columns, in one file a batch."""
    return (
        records.withColumn("kafka_time", F.col("kafka_time").cast("timestamp_ntz"))
        .select(*BRONZE_EVENTS.column_names)
        .coalesce(1)
    )
