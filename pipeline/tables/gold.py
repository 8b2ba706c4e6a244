"""Gold: what is computed from silver for people to read."""

from __future__ import annotations

from pipeline.tables.columns import CANDLE_KEY, OHLCV, PRODUCT
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

WINDOWS_MIN = (5, 10, 30)
"""The lengths of the windows of `gold.bitcoin_gold_data`, in minutes."""

BITCOIN_GOLD = Table(
    "iceberg",
    "gold",
    "bitcoin_gold_data",
    columns=(
        *CANDLE_KEY[1:],
        *OHLCV,
        *(
            Column(f"ma_{n}", "double", f"mean of close over the candles of the {n} minutes up to this one")
            for n in WINDOWS_MIN
        ),
        *(
            Column(f"volatility_{n}", "double", "sample standard deviation of the same closes; null for fewer than 2")
            for n in WINDOWS_MIN
        ),
        Column("source", "string", "whose candle it is; simulated ones say simulator", nullable=False),
        Column("is_filled", "boolean", "nobody traded; the source's author carried the price forward", nullable=False),
        Column("missing_before", "int", "minutes without a candle since the source's last one", nullable=False),
        Column("missing_state", "string", "why: quiet, lost or unknown; null where none is missing"),
        Column("ingested_at", TIMESTAMP, "when its newest part reached Kafka, UTC", nullable=False),
        Column(
            "revision", "bigint", "number of the run that wrote the row; newer runs have higher ones", nullable=False
        ),
    ),
    key=("product_id", "minute"),
    partitioned_by=("months(minute)",),
    doc="Minute candles with moving averages and volatility over time, one row for each product and minute",
)

HOURLY_DAILY_STATS = Table(
    "iceberg",
    "gold",
    "price_stats_hourly_daily",
    columns=(
        CANDLE_KEY[1],
        Column("window_kind", "string", "hour, day, or sliding_hour: an hour from every half hour on", nullable=False),
        Column("window_start", TIMESTAMP, "start of the window, UTC", nullable=False),
        Column("window_end", TIMESTAMP, "its end, not included, UTC", nullable=False),
        Column("avg_price", "double", "mean close of the minutes that exist", nullable=False),
        Column("min_price", DECIMAL, "lowest price", nullable=False),
        Column("max_price", DECIMAL, "highest price", nullable=False),
        Column("minutes", "bigint", "number of minutes that exist; the newest window still fills", nullable=False),
    ),
    key=("product_id", "window_kind", "window_start"),
    partitioned_by=("months(window_start)",),
    doc="Prices of bitcoin by the hour and the day, and an hour's mean that slides by half an hour",
)
