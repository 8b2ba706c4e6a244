"""Gold: what is computed from silver for people to read."""

from __future__ import annotations

from pipeline.tables.columns import PRODUCT
from pipeline.tables.model import DECIMAL, TIMESTAMP, Column, Table

PRICE_STATS = Table(
    "iceberg",
    "gold",
    "dm_crypto_price_stats",
    columns=(
        *PRODUCT,
        Column("window_start", TIMESTAMP, "start of the hour that the row is about, UTC", nullable=False),
        Column("window_end", TIMESTAMP, "its end, a whole minute, not included, UTC", nullable=False),
        Column("avg_price", DECIMAL, "mean of the trades' prices", nullable=False),
        Column("min_price", DECIMAL, "lowest price", nullable=False),
        Column("max_price", DECIMAL, "highest price", nullable=False),
        Column("vwap", DECIMAL, "mean price weighted by size; null where all sizes are zero"),
        Column("volume", DECIMAL, "sum of sizes, in the base currency", nullable=False),
        Column("trades", "bigint", "number of trades", nullable=False),
    ),
    key=("source", "product_id", "window_end"),
    partitioned_by=("days(window_end)",),
    doc="Statistics over one hour, for every minute at which one with trades ends; the newest window is still filling",
)

ALERTS = Table(
    "iceberg",
    "gold",
    "dm_market_alerts",
    columns=(
        Column("alert_id", "string", "source:product:type:ms of triggered_at", nullable=False),
        Column("alert_type", "string", "FLASH_CRASH or PRICE_SURGE", nullable=False),
        *PRODUCT,
        Column("window_s", "int", "length of the window in seconds", nullable=False),
        Column("move_pct", "decimal(18,6)", "move from reference_price to price in per cent; negative is a fall"),
        Column("reference_price", DECIMAL, "the window's highest price before a crash, lowest before a surge"),
        Column("reference_time", TIMESTAMP, "when the reference price was traded, UTC"),
        Column("price", DECIMAL, "the price that crossed the threshold"),
        Column("triggered_at", TIMESTAMP, "when that price was traded, UTC", nullable=False),
        Column("detected_at", TIMESTAMP, "when the alert was raised, UTC", nullable=False),
    ),
    key=("source", "product_id", "alert_type", "triggered_at"),
    partitioned_by=("months(triggered_at)",),
    doc="Sudden moves, one row an event",
)
