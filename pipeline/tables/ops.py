"""Ops: how complete the lake is."""

from __future__ import annotations

from pipeline.tables.columns import PRODUCT
from pipeline.tables.model import TIMESTAMP, Column, Table

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
