"""The topic of what never became an event, and what all topics have in common."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from pipeline.events.model import Topic

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
