"""The stream of trades: it fills silver.fact_crypto_trades and raises the alerts that its trades give cause for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import cached_property

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.streaming.query import StreamingQuery

from pipeline.events.trades import RAW_TRADES
from pipeline.settings import Settings
from pipeline.spark.appending import BatchAppender
from pipeline.spark.kafka_source import KafkaSource, Pace, read_records
from pipeline.spark.query_checkpoint import QueryCheckpoint
from pipeline.stream.gold.alert_history import load_detector
from pipeline.stream.gold.alerts import AlertWriter, Producer
from pipeline.stream.gold.move_detector import MoveDetector
from pipeline.stream.silver.trades.extremes import Extremes, second_groups, to_extremes
from pipeline.stream.silver.trades.fact_crypto_trades import NEW, OTHER, find_repeats, to_fact_trades, with_verdict
from pipeline.stream.silver.trades.known_file import KnownFile
from pipeline.stream.silver.trades.known_trades import KnownTrades
from pipeline.stream.silver.trades.parsing import to_trades
from pipeline.stream.silver.trades.rejects import to_rejected_events, to_rejects
from pipeline.stream.silver.trades.summary import BatchSummary, summarise
from pipeline.tables.gold import ALERTS
from pipeline.tables.silver import FACT_TRADES, REJECTED_EVENTS

NAME = "trades"
TRIGGER = "1 second"  # with 500 ms batches were slower than that under load: 1.4 s to Presto, where it is now 1.15 s
# A batch costs much the same for one trade as for a hundred, so a market of few trades gets one every 5 s; from 100
# records a second on, heartbeats included, every second brings one.
PACE = Pace(max_records=100_000, min_records=100, max_delay_s=5)

Write = Callable[[DataFrame, int], None]
OnMinutes = Callable[[frozenset[datetime], int], None]
"""Called after a batch was written, with the starts of the minutes (naive, UTC) that got trades, and their number."""


class TradeWriter:
    """Writes a micro-batch to all tables; each takes a batch once, whatever was running when a crash came.

    What it has to know of the tables it reads with its first batch: the other streams do not wait for that.
    """

    def __init__(
        self,
        spark: SparkSession,
        settings: Settings,
        checkpoint: QueryCheckpoint,
        producer: Producer,
        on_minutes: OnMinutes,
    ) -> None:
        self._trades, self._rejects, alerts = (
            BatchAppender(spark, table, NAME, checkpoint) for table in (FACT_TRADES, REJECTED_EVENTS, ALERTS)
        )
        self._spark = spark
        self._settings = settings
        self._known_file = KnownFile(spark, settings.lake.checkpoints)
        self._write_alerts = AlertWriter(spark, alerts, producer)
        self._on_minutes = on_minutes

    @cached_property
    def _known(self) -> KnownTrades:
        return self._known_file.load()

    @cached_property
    def _detector(self) -> MoveDetector:
        return load_detector(self._spark, self._settings)

    def __call__(self, rows: DataFrame, batch_id: int) -> int:
        """Write one batch of `to_trades`, report which minutes got trades, and return how many records it held."""
        detector = self._detector  # made of what the table holds without this batch
        rows.persist()
        try:
            batch = summarise(rows, batch_id)
            extremes = self._write(rows, batch)
        finally:
            rows.unpersist()
        alerts = detector.detect(extremes, datetime.now(UTC))
        self._write_alerts(alerts, batch_id)
        if batch.minutes:
            self._on_minutes(batch.minutes, batch.trades)
        self._known_file.save_if_due(self._known)
        return batch.trades + batch.rejects

    def close(self) -> None:
        """Save what a start needs; call it once the stream has stopped."""
        if "_known" in vars(self):
            self._known_file.save(self._known)

    def _write(self, rows: DataFrame, batch: BatchSummary) -> list[Extremes]:
        """Write trades and rejects; return the prices of the trades that the table now holds."""
        repeats = find_repeats(batch, self._known)
        if repeats or batch.has_repeats:
            verdicts = with_verdict(rows, batch, repeats).persist()
            try:
                extremes = self._write_verdicts(verdicts, rows, batch)
            finally:
                verdicts.unpersist()
        else:
            extremes = batch.extremes
            self._append(rows, rows, batch, None)
        for product, ids in batch.ids.items():
            self._known.add(product, ids)
        return extremes

    def _write_verdicts(self, verdicts: DataFrame, rows: DataFrame, batch: BatchSummary) -> list[Extremes]:
        others = verdicts.where(F.col("verdict") == OTHER)
        has_others = not others.isEmpty()  # asked before the table changes
        extremes = batch.extremes
        if has_others:
            held = second_groups(verdicts.where(F.col("verdict") != OTHER))
            extremes = [to_extremes(row) for row in held.collect()]
        self._append(verdicts.where(F.col("verdict") == NEW), rows, batch, others if has_others else None)
        return extremes

    def _append(self, new: DataFrame, rows: DataFrame, batch: BatchSummary, others: DataFrame | None) -> None:
        if batch.trades:
            self._trades.append(to_fact_trades(new), batch.number)
        if not batch.rejects and others is None:
            return
        rejects = to_rejects(rows, self._settings.markets.products)
        if others is not None:
            rejects = rejects.unionByName(others.transform(_with_reason).transform(to_rejected_events)).coalesce(1)
        self._rejects.append(rejects, batch.number)


def _with_reason(others: DataFrame) -> DataFrame:
    return others.withColumn("reason", F.format_string("trade_id %d was seen before with another time", "trade_id"))


def run(source: KafkaSource, checkpoint: str, write: Write) -> StreamingQuery:
    """Start the stream."""
    records = read_records(source, (RAW_TRADES,), PACE, headers=True)
    return (
        to_trades(records.coalesce(1), source.settings.markets.products)  # one task and one file a batch
        .writeStream.queryName(NAME)
        .option("checkpointLocation", checkpoint)
        .trigger(processingTime=TRIGGER)
        .foreachBatch(write)
        .start()
    )
