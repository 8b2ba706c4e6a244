"""Ops: how complete the lake is."""

from __future__ import annotations

from pipeline.tables.columns import CANDLE_KEY, PRODUCT
from pipeline.tables.model import DECIMAL, TIMESTAMP, Column, Table

COVERAGE = Table(
    "iceberg",
    "ops",
    "coverage",
    columns=(
        *PRODUCT,
        Column("hour", TIMESTAMP, "start of the hour of trade_time, UTC", nullable=False),
        Column("expected", "bigint", "received, filled and missing ones together", nullable=False),
        Column("received", "bigint", "trades in the table that came by the feed", nullable=False),
        Column("filled", "bigint", "trades in the table that were fetched by REST", nullable=False),
        Column("missing", "bigint", "holes in the ids, each counted where the next higher id is", nullable=False),
        Column("first_trade_id", "bigint", "lowest trade id", nullable=False),
        Column("last_trade_id", "bigint", "highest trade id", nullable=False),
    ),
    key=("source", "product_id", "hour"),
    partitioned_by=("months(hour)",),
    doc="How complete silver.fact_crypto_trades is, counted from the table itself",
)

GAPS = Table(
    "iceberg",
    "ops",
    "gaps",
    columns=(
        Column("gap_id", "string", "source:product:first missing id", nullable=False),
        *PRODUCT,
        Column("from_id", "bigint", "first missing trade id", nullable=False),
        Column("to_id", "bigint", "last missing trade id", nullable=False),
        Column("opened_at", TIMESTAMP, "when it was noticed, UTC", nullable=False),
        Column("reason", "string", "jump, reconnect, restart, dropped, kafka_replaced or not_in_table", nullable=False),
        Column("status", "string", "open, filled, lost or unavailable", nullable=False),
        Column("filled", "bigint", "trades fetched", nullable=False),
        Column("lost", "bigint", "trades that the exchange no longer has", nullable=False),
        Column("closed_at", TIMESTAMP, "when it was filled or given up, UTC"),
        Column("note", "string", "how it was closed, or why trades are lost"),
    ),
    key=("gap_id",),
    doc="Each run of missing trade ids, and what became of it",
)

CANDLE_DIFFERENCES = Table(
    "iceberg",
    "ops",
    "candle_differences",
    columns=(
        *CANDLE_KEY,
        Column("field", "string", "open, high, low, close, volume; minute: one side has none", nullable=False),
        Column("ours", DECIMAL, "the value in silver.candles_1m, from trades; null for none"),
        Column(
            "theirs",
            DECIMAL,
            "the value in silver.bitcoin_data, from the exchange; null for none",
        ),
        Column("checked_at", TIMESTAMP, "when they were compared, UTC", nullable=False),
    ),
    key=("source", "product_id", "minute", "field"),
    partitioned_by=("months(minute)",),
    doc="Where candles computed from our trades differ from the exchange's own",
)
