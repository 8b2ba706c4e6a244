"""ops.gaps: the newest state of each gap in the trade ids, as the trade producer's ledger reports it.

The table is a single file of bounded size, rewritten when a state has changed: closed gaps are dropped after a while.
What they left missing stays in ops.coverage for good.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F
from pyspark.sql.streaming.query import StreamingQuery

from pipeline.events.coin_prices import EARLIEST_EVENT_TIME, epoch_ms
from pipeline.events.trades import FILLED, LOST, TRADE_GAPS, UNAVAILABLE
from pipeline.spark.kafka_source import KafkaSource, Pace, read_records
from pipeline.spark.time_ranges import moment
from pipeline.tables.model import TIMESTAMP
from pipeline.tables.ops import GAPS

log = logging.getLogger(__name__)

TRIGGER = "2 seconds"
PACE = Pace(max_records=20_000)  # a batch; a state has 300 bytes, and only the newest of each gap is kept
LATEST_MS = 253_402_300_800_000  # the year 10000; Spark's times go little further
SHOWN_BYTES = 200
KEEP_CLOSED = {FILLED: timedelta(days=30), LOST: timedelta(days=400), UNAVAILABLE: timedelta(days=400)}
"""How long a closed gap stays. At 50 products and a reconnect an hour, 30 days are 36,000 rows, about 1 MB."""
WIRE_SCHEMA = ", ".join(
    f"{column.name} {'bigint' if column.type == TIMESTAMP else column.type}" for column in GAPS.columns
)
REQUIRED = tuple(column.name for column in GAPS.columns if not column.nullable)


def run(source: KafkaSource, checkpoint: str) -> StreamingQuery:
    """Start the stream."""
    states = to_states(read_records(source, (TRADE_GAPS,), PACE).coalesce(1))
    return (
        states.writeStream.queryName(GAPS.name)
        .option("checkpointLocation", checkpoint)
        .trigger(processingTime=TRIGGER)
        .foreachBatch(write)
        .start()
    )


def to_states(records: DataFrame) -> DataFrame:
    """Parse the records of `trade_gaps`: the table's columns, `offset`, `payload`, and `readable`."""
    parsed = records.withColumn("state", F.from_json(F.col("payload").cast("string"), WIRE_SCHEMA))
    columns = (_value(column.name, column.type) for column in GAPS.columns)
    return parsed.select("offset", "payload", *columns).withColumn(
        "readable", F.concat(*(F.col(name).cast("string") for name in REQUIRED)).isNotNull()
    )


def write(states: DataFrame, _batch: int) -> None:
    """Put each gap's newest state in its row's place; a batch that runs again or brings nothing new writes nothing."""
    now = datetime.now(UTC).replace(tzinfo=None)
    states.persist()
    try:
        for bad in states.where("NOT readable").select("offset", "payload").limit(10).collect():
            shown = bytes(bad["payload"] or b"")[:SHOWN_BYTES]
            log.warning("%s offset %d skipped, no state of a gap: %r", TRADE_GAPS.name, bad["offset"], shown)
        known = states.sparkSession.table(GAPS.full_name)
        changed = to_newest(states).where(is_kept(now)).transform(without, known)
        if not changed.isEmpty():
            replace(known.where(is_kept(now)), changed)
    finally:
        states.unpersist()


def to_newest(states: DataFrame) -> DataFrame:
    """Keep each gap's state with the highest offset; the topic has one partition."""
    state = F.struct(*(F.col(name) for name in GAPS.column_names))
    return (
        states.where("readable")
        .groupBy("gap_id")
        .agg(F.max_by(state, "offset").alias("state"))
        .select("state.*")
        .select(*GAPS.column_names)
    )


def is_kept(now: datetime) -> Column:
    """Match gaps that are open, or were closed recently enough at `now` (naive, UTC)."""
    expired = F.lit(False)
    for status, kept in KEEP_CLOSED.items():
        expired |= (F.col("status") == status) & (F.col("closed_at") < moment(now - kept))
    return ~F.coalesce(expired, F.lit(False))


def without(states: DataFrame, known: DataFrame) -> DataFrame:
    """Drop the states that are in the table as they are."""
    return states.select(*GAPS.column_names).subtract(known.select(*GAPS.column_names))


def replace(known: DataFrame, changed: DataFrame) -> None:
    """Write the table with the known rows, and the changed ones instead of those of the same gaps."""
    others = known.join(changed.select("gap_id"), on="gap_id", how="left_anti").select(*GAPS.column_names)
    others.unionByName(changed).coalesce(1).writeTo(GAPS.full_name).overwrite(F.lit(True))


def _value(name: str, kind: str) -> Column:
    value = F.col(f"state.{name}")
    if kind != TIMESTAMP:
        return value
    plausible = F.when(value.between(epoch_ms(EARLIEST_EVENT_TIME), LATEST_MS), value)
    return F.timestamp_millis(plausible).cast(TIMESTAMP).alias(name)
