"""The stream that fills silver: one read of Kafka and one parse a batch, for both silver tables."""

from __future__ import annotations

from dataclasses import replace

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.streaming.query import StreamingQuery

from pipeline.events.catalog import PRICE_TOPICS
from pipeline.spark.appending import BatchAppender
from pipeline.spark.kafka_source import KafkaSource, Pace, read_records
from pipeline.spark.query_checkpoint import QueryCheckpoint
from pipeline.stream.silver import coin_prices, rejected_events
from pipeline.stream.silver.coin_prices import with_repeats_judged
from pipeline.stream.silver.high_water import HighWaterMarks, summarise
from pipeline.stream.silver.parsing import to_observations
from pipeline.tables.silver import COIN_PRICES, REJECTED_EVENTS

NAME = "silver"
TRIGGER = "500 milliseconds"  # measured: shorter only makes more manifests for Presto to read
PACE = Pace(max_records=100_000)  # a batch; an observation has 150 bytes, and what does not fit the heap waits on disk


class SilverWriter:
    """Writes a micro-batch to both tables; each table takes a batch once, whatever was running when a crash came."""

    def __init__(self, spark: SparkSession, checkpoint: QueryCheckpoint) -> None:
        self._prices = BatchAppender(spark, COIN_PRICES, NAME, checkpoint)
        self._rejects = BatchAppender(spark, REJECTED_EVENTS, NAME, checkpoint)
        self._marks = HighWaterMarks(spark, COIN_PRICES)

    def __call__(self, observations: DataFrame, batch_id: int) -> None:
        """Write one batch."""
        cached = observations.persist()
        try:
            batch = summarise(observations, batch_id)
            overlap = self._marks.overlap(batch.spans)
            if overlap or batch.has_repeats:
                # A checkpoint, not a cache: the append to prices would make Spark compute it again from the table.
                observations = with_repeats_judged(observations, overlap).localCheckpoint()
                batch = replace(batch, rejects=observations.where("reason IS NOT NULL").count())
            coin_prices.run(observations, batch, self._prices, self._marks)
            rejected_events.run(observations, batch, self._rejects)
        finally:
            cached.unpersist()


def run(source: KafkaSource, checkpoint: str, writer: SilverWriter) -> StreamingQuery:
    """Start the stream."""
    records = read_records(source, PRICE_TOPICS, PACE).coalesce(1)  # one task and one file a batch: 373 -> 213 ms
    return (
        to_observations(records, source.settings.markets.coins)
        .writeStream.queryName(NAME)
        .option("checkpointLocation", checkpoint)
        .trigger(processingTime=TRIGGER)
        .foreachBatch(writer)
        .start()
    )
