"""Every topic and every table that Coinlake keeps."""

from __future__ import annotations

from pipeline.events.coin_prices import COIN_DATA, COIN_EVENTS, COIN_PRICES
from pipeline.events.raw import BRONZE_EVENTS, DEAD_LETTERS, REJECTED_EVENTS
from pipeline.events.trades import (
    ALERTS,
    CANDLES_1M,
    COVERAGE,
    FACT_TRADES,
    GAPS,
    MARKET_ALERTS,
    PRICE_STATS,
    RAW_TRADES,
    TRADE_GAPS,
)

PRICE_TOPICS = (COIN_EVENTS, DEAD_LETTERS)
TOPICS = (*PRICE_TOPICS, RAW_TRADES, TRADE_GAPS, MARKET_ALERTS)
ICEBERG_TABLES = (
    BRONZE_EVENTS,
    COIN_PRICES,
    FACT_TRADES,
    CANDLES_1M,
    REJECTED_EVENTS,
    PRICE_STATS,
    ALERTS,
    COVERAGE,
    GAPS,
)
HIVE_TABLES = (COIN_DATA,)
TABLES = (*ICEBERG_TABLES, *HIVE_TABLES)

STREAM_GROUP = "coinlake-stream"
"""The Kafka consumer group that holds how far each topic's records are visible in the table they belong to."""
