"""Records as they came: the bronze table, what could not be read, and the topic of what never became an event."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from pipeline.events.model import TIMESTAMP, Column, Table, Topic

MAX_EVENT_BYTES = 1_000_000
TOPIC_CONFIG = {
    "cleanup.policy": "delete",
    "retention.ms": str(7 * 24 * 3600 * 1000),
    # The broker's clock, not the producer's: deduplication needs an append time that never runs backwards.
    "message.timestamp.type": "LogAppendTime",
    "max.message.bytes": str(MAX_EVENT_BYTES + 48_576),  # room for the record's own envelope
}

DEAD_LETTERS = Topic(
    "dead_letters",
    partitions=1,
    doc="What the ingest could not turn into an event, with the reason; ends in silver.rejected_events",
    config=TOPIC_CONFIG,
)

# Where a record stood in Kafka: provenance, and bronze's key.
POSITION = (
    Column("topic", "string", "Kafka topic", nullable=False),
    Column("partition", "int", "Kafka partition", nullable=False),
    Column("offset", "bigint", "Kafka offset", nullable=False),
)

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

REJECTED_EVENTS = Table(
    "iceberg",
    "silver",
    "rejected_events",
    columns=(
        *POSITION,
        Column("kafka_time", TIMESTAMP, "when the broker appended the record, UTC", nullable=False),
        Column("reason", "string", "why the record could not be read", nullable=False),
        Column(
            "payload",
            "string",
            "the record's value as text, cut after 4096 characters; whole in bronze.events",
        ),
        Column("payload_bytes", "bigint", "the length of the whole value in bytes"),
    ),
    key=("topic", "partition", "offset"),
    partitioned_by=("months(kafka_time)",),
    doc="What could not be read, with the reason",
)


@dataclass(frozen=True)
class DeadLetter:
    """Something that the ingest could not turn into an event.

    `origin` names the source and place (`csv_coingecko:line 17`), `payload` is what was read there.
    """

    origin: str
    reason: str
    payload: str

    def to_json(self) -> bytes:
        """Return the record's value as it goes to `dead_letters`; a long payload is cut to fit."""
        cut = asdict(self) | {"payload": self.payload[: MAX_EVENT_BYTES // 8]}
        return json.dumps(cut, ensure_ascii=True).encode()
