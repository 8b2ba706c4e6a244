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
        # What a batch holds in memory is a row group for each day in it, whatever the number of its records: 128 MB for
        # 8 days of Kafka's retention. The size is checked every 10 to 100 records, for one may have 1 MB; Iceberg's
        # own limit, up to 10,000 records after small ones, would let 10 GB of large ones through.
        "write.parquet.row-group-size-bytes": str(16 * 1024 * 1024),
        "write.parquet.row-group-check-min-record-count": "10",
        "write.parquet.row-group-check-max-record-count": "100",
    },
    doc="Every Kafka record as it came; all later tables can be rebuilt from it",
)
