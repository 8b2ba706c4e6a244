"""Gold for coins: one row for each coin and UTC day, computed from `silver.coin_prices`."""

from __future__ import annotations

from pipeline.tables.model import DECIMAL, TIMESTAMP, Column, Table

RETURN_DAYS = (1, 7, 30, 90, 365)
"""Over how many days `gold.coin_returns` has a return."""

AVERAGE_DAYS = (30, 200)
"""Over how many days it has a moving average."""

_KEY = (
    Column("coin", "string", "CoinGecko id, e.g. bitcoin", nullable=False),
    Column("day", "date", "the UTC day", nullable=False),
)

_HELD_AT = Column("held_at", TIMESTAMP, "when the closing price held, UTC", nullable=False)

_REVISION = Column(
    "revision", "bigint", "number of the run that wrote the row; newer runs have higher ones", nullable=False
)

COIN_DAILY = Table(
    "iceberg",
    "gold",
    "coin_daily",
    columns=(
        *_KEY,
        Column("open", DECIMAL, "price at the day's start, or else the day's first, USD", nullable=False),
        Column("high", DECIMAL, "highest price seen, USD", nullable=False),
        Column("low", DECIMAL, "lowest price seen, USD", nullable=False),
        Column("close", DECIMAL, "price at the day's end, or else the day's last, USD", nullable=False),
        Column("observations", "bigint", "number of prices that the row is made of", nullable=False),
        Column("source", "string", "whose prices they are; simulated ones say simulator", nullable=False),
        _HELD_AT,
        _REVISION,
    ),
    key=("coin", "day"),
    partitioned_by=("years(day)",),
    doc="Daily prices, one row for each coin and UTC day, each day from one source",
)

COIN_RETURNS = Table(
    "iceberg",
    "gold",
    "coin_returns",
    columns=(
        *_KEY,
        Column("close", DECIMAL, "price at the day's end, USD", nullable=False),
        *(
            Column(f"return_{n}d_pct", "double", f"change since the close {n} days before, if that day has one")
            for n in RETURN_DAYS
        ),
        Column("return_since_start_pct", "double", "change since the coin's first close", nullable=False),
        *(
            Column(f"ma_{n}d", "double", f"mean close of {n} days; null where more than a tenth of them have none")
            for n in AVERAGE_DAYS
        ),
        Column("volatility_30d_pct", "double", "sample deviation of 30 days' log returns, for a year of 365 days"),
        Column("rsi_14", "double", "relative strength index after Wilder over 14 changes, 0 to 100"),
        Column("drawdown_pct", "double", "how far the close lies below the highest one so far", nullable=False),
        Column("days_under_water", "int", "days since the highest close so far", nullable=False),
        Column("source", "string", "whose close it is; simulated ones say simulator", nullable=False),
        _HELD_AT,
        _REVISION,
    ),
    key=("coin", "day"),
    partitioned_by=("years(day)",),
    doc="Returns, trends and risk of each coin as of each UTC day",
)
