"""Every topic that Coinlake keeps."""

from __future__ import annotations

from pipeline.events.candles import BITCOIN_DATA
from pipeline.events.coin_prices import COIN_EVENTS
from pipeline.events.raw import DEAD_LETTERS
from pipeline.events.trades import MARKET_ALERTS, RAW_TRADES, TRADE_GAPS

PRICE_TOPICS = (COIN_EVENTS, DEAD_LETTERS)
TOPICS = (*PRICE_TOPICS, RAW_TRADES, TRADE_GAPS, MARKET_ALERTS, BITCOIN_DATA)

STREAM_GROUP = "coinlake-stream"
"""The Kafka consumer group that holds how far each topic's records are visible in the table they belong to."""
