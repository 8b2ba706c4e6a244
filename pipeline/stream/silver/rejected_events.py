"""silver.rejected_events: what could not be read, with the reason; nothing is lost and nothing stops the stream."""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pipeline.spark.appending import BatchAppender
from pipeline.stream.silver.high_water import BatchSummary
from pipeline.tables.silver import PAYLOAD_CHARACTERS, REJECTED_EVENTS


def run(observations: DataFrame, batch: BatchSummary, appender: BatchAppender) -> None:
    """Write a batch's rejects; a batch without any makes no snapshot."""
    if batch.rejects:
        appender.append(to_rejected_events(observations), batch.number)


def to_rejected_events(observations: DataFrame) -> DataFrame:
    """Keep the records that have a reason, their payload as valid text cut to a readable length."""
    payload = F.make_valid_utf8(F.col("payload").cast("string"))
    return (
        observations.where("reason IS NOT NULL")
        .withColumn("payload_bytes", F.length("payload").cast("bigint"))
        .withColumn("payload", F.substring(payload, 1, PAYLOAD_CHARACTERS))
        .select(*REJECTED_EVENTS.column_names)
    )
