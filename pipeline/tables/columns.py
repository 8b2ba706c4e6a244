"""Columns that several tables share."""

from __future__ import annotations

from pipeline.tables.model import DECIMAL, TIMESTAMP, Column

# Where a record stood in Kafka: provenance.
POSITION = (
    Column("topic", "string", "Kafka topic", nullable=False),
    Column("partition", "int", "Kafka partition", nullable=False),
    Column("offset", "bigint", "Kafka offset", nullable=False),
)

# With the position the name of one record for good: offsets start again at 0 in a topic that was deleted and recreated.
TOPIC_ID = Column("topic_id", "string", "the id that Kafka gave the topic; null where it gives none or was not asked")

OBSERVATION = (
    Column("coin", "string", "CoinGecko id, e.g. bitcoin", nullable=False),
    Column("event_time", TIMESTAMP, "when the market says the price held, UTC", nullable=False),
    Column("price_usd", DECIMAL, "price of one coin in USD", nullable=False),
    Column("market_cap_usd", DECIMAL, "price times circulating supply, USD"),
    Column("volume_usd", DECIMAL, "traded in the last 24 hours, USD"),
    Column("source", "string", "where the observation came from; simulated rows say simulator", nullable=False),
)

PRODUCT = (
    Column("source", "string", "the exchange, coinbase; simulated trades say simulator", nullable=False),
    Column("product_id", "string", "what is traded against what, e.g. BTC-USD", nullable=False),
)

CANDLE_KEY = (*PRODUCT, Column("minute", TIMESTAMP, "start of the minute, UTC", nullable=False))

OHLCV = (
    Column("open", DECIMAL, "first price of the minute, in the quote currency", nullable=False),
    Column("high", DECIMAL, "highest price", nullable=False),
    Column("low", DECIMAL, "lowest price", nullable=False),
    Column("close", DECIMAL, "last price", nullable=False),
    Column("volume", DECIMAL, "sum of sizes, in the base currency", nullable=False),
)
