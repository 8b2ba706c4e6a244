"""Frames of the exchange's trade feed, and the Kafka records that carry them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime

from pipeline.events.trades import MATCHES, RAW_TRADES, FrameHeaders
from pipeline.markets import COINBASE

TOPIC_ID = "a-topic-id"
KAFKA_TIME = datetime(2026, 10, 1, 12, 0, 0)
RECORD_SCHEMA = (
    "topic string, topic_id string, partition int, offset bigint, kafka_time timestamp, key binary, payload binary, "
    "headers array<struct<key: string, value: binary>>"
)
HEADERS = FrameHeaders(COINBASE, MATCHES, 1_790_000_000_123_456)

MATCH = {
    "type": "match",
    "trade_id": 1081862675,
    "maker_order_id": "f07e510f-4edf-469d-b844-4f670f1e93f1",
    "taker_order_id": "e6f50944-3e2a-439e-ae49-308300ba8296",
    "side": "sell",
    "size": "0.00000001",
    "price": "80691.53",
    "product_id": "BTC-USD",
    "sequence": 134905860111,
    "time": "2026-08-25T03:35:57.198335Z",
}


def compact(frame: object) -> bytes:
    """Return the frame as the exchange writes it: without spaces."""
    return json.dumps(frame, separators=(",", ":")).encode()


def match(**changes: object) -> bytes:
    """Return a match frame with some values changed; None leaves a value out."""
    return compact({name: value for name, value in {**MATCH, **changes}.items() if value is not None})


def records(payloads: Iterable[bytes | None], headers: FrameHeaders = HEADERS) -> list[tuple[object, ...]]:
    """Return rows of `RECORD_SCHEMA`, one a payload, at offsets from 0."""
    pairs = [(name, bytearray(value)) for name, value in headers.to_kafka()]
    return [
        (RAW_TRADES.name, TOPIC_ID, 0, offset, KAFKA_TIME, None, None if payload is None else bytearray(payload), pairs)
        for offset, payload in enumerate(payloads)
    ]
