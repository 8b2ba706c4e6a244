"""Every table that Coinlake keeps."""

from __future__ import annotations

from pipeline.tables.bronze import BRONZE_EVENTS
from pipeline.tables.coins import COIN_DAILY, COIN_RETURNS
from pipeline.tables.forecasts import FORECAST_SCORES, FORECASTS
from pipeline.tables.gold import ALERTS, BITCOIN_GOLD, HOURLY_DAILY_STATS, PRICE_STATS
from pipeline.tables.hive import COIN_DATA
from pipeline.tables.ops import CANDLE_DIFFERENCES, COVERAGE, GAPS
from pipeline.tables.silver import BITCOIN_DATA, CANDLES_1M, COIN_PRICES, FACT_TRADES, REJECTED_EVENTS

ICEBERG_TABLES = (
    BRONZE_EVENTS,
    COIN_PRICES,
    FACT_TRADES,
    CANDLES_1M,
    BITCOIN_DATA,
    REJECTED_EVENTS,
    PRICE_STATS,
    ALERTS,
    BITCOIN_GOLD,
    HOURLY_DAILY_STATS,
    COIN_DAILY,
    COIN_RETURNS,
    FORECASTS,
    FORECAST_SCORES,
    COVERAGE,
    GAPS,
    CANDLE_DIFFERENCES,
)

HIVE_TABLES = (COIN_DATA,)

TABLES = (*ICEBERG_TABLES, *HIVE_TABLES)
