"""Every topic and every table that Coinlake keeps."""

from __future__ import annotations

from pipeline.events.coin_prices import COIN_DATA, COIN_EVENTS, COIN_PRICES
from pipeline.events.raw import BRONZE_EVENTS, DEAD_LETTERS, REJECTED_EVENTS

TOPICS = (COIN_EVENTS, DEAD_LETTERS)
ICEBERG_TABLES = (BRONZE_EVENTS, COIN_PRICES, REJECTED_EVENTS)
HIVE_TABLES = (COIN_DATA,)
TABLES = (*ICEBERG_TABLES, *HIVE_TABLES)

STREAM_GROUP = "coinlake-stream"
"""The Kafka consumer group that holds how far the stream's rows are visible in silver."""
