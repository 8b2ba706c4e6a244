"""Bronze: Kafka records as they came."""

from __future__ import annotations

from pipeline.tables.columns import POSITION
from pipeline.tables.model import TIMESTAMP, Column, Table

BRONZE_EVENTS = Table(
    "iceberg",
    "bronze",
    "events",
    columns=(
        *POSITION,
        Column("kafka_time", TIMESTAMP, "when the broker appended the record, UTC", nullable=False),
        Column("key", "binary", "the record's key, unchanged"),
        Column("headers", "array<struct<key:string,value:binary>>", "the record's headers, unchanged; null for none"),
        Column("payload", "binary", "the record's value, unchanged; from_utf8(payload) reads it in Presto"),
    ),
    key=("topic", "partition", "offset"),
    partitioned_by=("days(kafka_time)",),
    doc="Every Kafka record as it came; all later tables can be rebuilt from it",
)
