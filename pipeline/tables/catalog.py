"""Every table that Coinlake keeps."""

from __future__ import annotations

from pipeline.tables.bronze import BRONZE_EVENTS
from pipeline.tables.gold import ALERTS, PRICE_STATS
from pipeline.tables.hive import COIN_DATA
from pipeline.tables.ops import COVERAGE, GAPS
from pipeline.tables.silver import CANDLES_1M, COIN_PRICES, FACT_TRADES, REJECTED_EVENTS

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
