"""Silver: parsed, checked and deduplicated rows, and what could not be read."""

from __future__ import annotations

from pipeline.tables.columns import CANDLE_KEY, OBSERVATION, OHLCV, POSITION, PRODUCT, TOPIC_ID
from pipeline.tables.model import DECIMAL, TIMESTAMP, Column, Table

PAYLOAD_CHARACTERS = 4096  # of a rejected record are kept beside the reason

COIN_PRICES = Table(
    "iceberg",
    "silver",
    "coin_prices",
    columns=(
        *OBSERVATION,
        Column("ingested_at", TIMESTAMP, "when the broker appended the event, UTC", nullable=False),
        *POSITION,
    ),
    key=("coin", "event_time", "source"),
    # A year of five coins polled every minute is about 40 MB: one partition, and history arrives in few files.
    partitioned_by=("years(event_time)",),
    doc="Clean price observations, live and history since 2013, one row for each coin, time and source",
)

FACT_TRADES = Table(
    "iceberg",
    "silver",
    "fact_crypto_trades",
    columns=(
        *PRODUCT,
        Column("trade_id", "bigint", "the exchange's number; contiguous for each product", nullable=False),
        Column("price", DECIMAL, "price of one unit in the quote currency", nullable=False),
        Column("size", DECIMAL, "how much was traded, in the base currency", nullable=False),
        Column("side", "string", "the resting (maker) order's side as the exchange says it: buy or sell"),
        Column("trade_time", TIMESTAMP, "when the exchange made the trade, UTC, microseconds", nullable=False),
        Column("received_at", TIMESTAMP, "when we received it, UTC, microseconds", nullable=False),
        Column("channel", "string", "how it came first: matches, market_trades or rest (a filled gap)", nullable=False),
        Column("ingested_at", TIMESTAMP, "when the broker appended the frame, UTC", nullable=False),
        *POSITION,
    ),
    key=("source", "product_id", "trade_id"),
    partitioned_by=("days(trade_time)",),
    doc="Every trade once, however often and late it arrived",
)

CANDLES_1M = Table(
    "iceberg",
    "silver",
    "candles_1m",
    columns=(
        *PRODUCT,
        Column("minute", TIMESTAMP, "start of the minute, UTC", nullable=False),
        Column("open", DECIMAL, "price of the trade with the lowest id", nullable=False),
        Column("high", DECIMAL, "highest price", nullable=False),
        Column("low", DECIMAL, "lowest price", nullable=False),
        Column("close", DECIMAL, "price of the trade with the highest id", nullable=False),
        Column("volume", DECIMAL, "sum of sizes, in the base currency", nullable=False),
        Column("turnover", DECIMAL, "sum of price times size, in the quote currency", nullable=False),
        Column("price_sum", DECIMAL, "sum of prices, for means over several minutes", nullable=False),
        Column("trades", "bigint", "number of trades", nullable=False),
        Column("filled", "bigint", "how many of them were fetched by REST", nullable=False),
        Column("first_trade_id", "bigint", "lowest trade id", nullable=False),
        Column("last_trade_id", "bigint", "highest trade id", nullable=False),
        Column("last_ingested_at", TIMESTAMP, "the newest ingested_at among the trades, UTC", nullable=False),
    ),
    key=("source", "product_id", "minute"),
    partitioned_by=("days(minute)",),
    doc="One-minute candles from trades; a minute without a trade has no row",
)

BITCOIN_DATA = Table(
    "iceberg",
    "silver",
    "bitcoin_data",
    columns=(
        *CANDLE_KEY,
        *OHLCV,
        Column("is_filled", "boolean", "nobody traded; the source's author carried the price forward", nullable=False),
        Column("ingested_at", TIMESTAMP, "when the broker appended the record, UTC", nullable=False),
        *POSITION,
    ),
    key=("source", "product_id", "minute"),
    # A month of a product is 44,640 rows, a megabyte: what a corrected minute rewrites.
    partitioned_by=("months(minute)",),
    doc="Minute candles as a source gave them; the one that arrived last counts, all of them are in bronze.events",
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
            f"the record's value as text, cut after {PAYLOAD_CHARACTERS} characters; whole in bronze.events",
        ),
        Column("payload_bytes", "bigint", "the length of the whole value in bytes"),
        TOPIC_ID,
    ),
    key=(),  # a frame may hold several trades, each with faults of its own
    partitioned_by=("months(kafka_time)",),
    doc="What could not be read, with the reason",
)
