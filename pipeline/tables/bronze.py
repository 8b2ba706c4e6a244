"""Bronze: Kafka records as they came."""

from __future__ import annotations

from pipeline.tables.columns import POSITION, TOPIC_ID
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
        TOPIC_ID,
    ),
    key=("topic_id", "topic", "partition", "offset"),
    partitioned_by=("days(kafka_time)",),
    properties={
        # What a batch holds in memory is a row group for each day in it, whatever the number and size of its records:
        # 8 days of Kafka's retention are 128 MB. The size is looked at after 10 records, of at most 1 MB each.
        "write.parquet.row-group-size-bytes": str(16 * 1024 * 1024),
        "write.parquet.row-group-check-min-record-count": "10",
    },
    doc="Every Kafka record as it came; all later tables can be rebuilt from it",
)
