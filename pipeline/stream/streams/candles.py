"""The stream of minute candles: it fills silver.bitcoin_data, in which the candle that came last counts."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql.streaming.query import StreamingQuery

from pipeline.events.candles import BITCOIN_DATA as TOPIC
from pipeline.spark.appending import BatchAppender
from pipeline.spark.kafka_source import KafkaSource, Pace, read_records
from pipeline.spark.query_checkpoint import QueryCheckpoint
from pipeline.stream.silver import bitcoin_data, rejected_events
from pipeline.stream.silver.bitcoin_data_parsing import to_candles
from pipeline.stream.silver.high_water import BatchSummary, HighWaterMarks
from pipeline.tables.silver import BITCOIN_DATA, REJECTED_EVENTS

NAME = "candles"
TRIGGER = "2 seconds"
# A minute's candles are one batch; what a file brings at a few a second waits for more of it. At full speed a batch
# takes longer than the trigger, so that the next one follows at once.
PACE = Pace(max_records=250_000, min_records=1_000, max_delay_s=5)

Write = Callable[[DataFrame, int], None]


class CandleWriter:
    """Writes a micro-batch to both tables; each takes a batch once, whatever was running when a crash came."""

    def __init__(self, spark: SparkSession, checkpoint: QueryCheckpoint) -> None:
        self._spark = spark
        self._candles = BatchAppender(spark, BITCOIN_DATA, NAME, checkpoint, later_wins=True)
        self._rejects = BatchAppender(spark, REJECTED_EVENTS, NAME, checkpoint)

    @cached_property
    def _marks(self) -> HighWaterMarks:
        return HighWaterMarks(self._spark, BITCOIN_DATA)

    def __call__(self, candles: DataFrame, batch_id: int) -> int:
        """Write one batch of `to_candles`, and return how many records it held."""
        cached = candles.persist()
        try:
            batch = bitcoin_data.summarise(cached, batch_id)
            if batch.spans and not self._candles.has(batch_id):
                self._write(self._candles.beyond(cached), batch)
            rejected_events.run(cached, batch, self._rejects)
            return batch.records
        finally:
            cached.unpersist()

    def _write(self, candles: DataFrame, batch: BatchSummary) -> None:
        """Write the clean candles: those beyond the marks as they are, else what is new or has changed."""
        overlap = self._marks.overlap(batch.spans)
        if overlap or batch.has_repeats:
            # A checkpoint, not a cache: the commit would make Spark compute it again from the table.
            changed = bitcoin_data.with_later_arrivals(candles, overlap).localCheckpoint()
            bitcoin_data.run(changed, batch.number, self._candles)
        else:
            self._candles.append(bitcoin_data.to_bitcoin_data(candles), batch.number)
        self._marks.raise_to(batch.spans)


def run(source: KafkaSource, checkpoint: str, write: Write) -> StreamingQuery:
    """Start the stream."""
    records = read_records(source, (TOPIC,), PACE).coalesce(1)
    return (
        to_candles(records)
        .writeStream.queryName(NAME)
        .option("checkpointLocation", checkpoint)
        .trigger(processingTime=TRIGGER)
        .foreachBatch(write)
        .start()
    )
