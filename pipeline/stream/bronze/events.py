"""bronze.events: every Kafka record as it came."""

from __future__ import annotations

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.streaming.query import StreamingQuery

from pipeline.events.catalog import TOPICS
from pipeline.settings import Settings
from pipeline.spark.kafka_source import read_records
from pipeline.tables.bronze import BRONZE_EVENTS

TRIGGER = "10 seconds"  # bronze is for rebuilding, not for watching: fewer, larger files


def run(spark: SparkSession, settings: Settings, checkpoint: str) -> StreamingQuery:
    """Start the stream; Iceberg's sink commits each epoch once, by query id and epoch."""
    rows = to_bronze(read_records(spark, settings, TOPICS, headers=True))
    return (
        rows.writeStream.queryName(BRONZE_EVENTS.name)
        .option("checkpointLocation", checkpoint)
        .option("check-nullability", "false")  # Spark calls Kafka's own columns nullable; they never are
        .trigger(processingTime=TRIGGER)
        .toTable(BRONZE_EVENTS.full_name)
    )


def to_bronze(records: DataFrame) -> DataFrame:
    """Give the records bronze's columns, in one file a batch."""
    return (
        records.withColumn("kafka_time", F.col("kafka_time").cast("timestamp_ntz"))
        .select(*BRONZE_EVENTS.column_names)
        .coalesce(1)
    )
