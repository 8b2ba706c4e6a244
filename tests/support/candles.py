"""Records of `bitcoin_data` as they stand in Kafka."""

from __future__ import annotations

from collections.abc import Iterable

from pipeline.events.candles import BITCOIN_DATA
from tests.support.trades import KAFKA_TIME, RECORD_SCHEMA

__all__ = ["KAFKA_TIME", "RECORD_SCHEMA", "records"]

TOPIC_ID = "a-topic-id"


def records(payloads: Iterable[bytes | None], first_offset: int = 0) -> list[tuple[object, ...]]:
    """Return rows of `RECORD_SCHEMA`, one a payload."""
    values = (None if payload is None else bytearray(payload) for payload in payloads)
    return [
        (BITCOIN_DATA.name, TOPIC_ID, 0, offset, KAFKA_TIME, None, value, None)
        for offset, value in enumerate(values, start=first_offset)
    ]
