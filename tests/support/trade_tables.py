"""Trades as rows of silver.fact_crypto_trades, written as the stream writes them, and the tables made from them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from pyspark.sql import SparkSession

from pipeline.tables.gold import PRICE_STATS
from pipeline.tables.ops import COVERAGE, GAPS
from pipeline.tables.silver import CANDLES_1M, FACT_TRADES

TRADE_TABLES = (FACT_TRADES, CANDLES_1M, PRICE_STATS, COVERAGE, GAPS)


@dataclass(frozen=True)
class Trade:
    """What matters of a trade here; it is received and ingested at the moment when it is made."""

    trade_id: int
    time: datetime
    price: str = "100"
    size: str = "1"
    product: str = "BTC-USD"
    channel: str = "matches"

    def row(self) -> tuple[object, ...]:
        """Return the table's row."""
        return (
            "coinbase", self.product, self.trade_id, Decimal(self.price), Decimal(self.size), "buy", self.time,
            self.time, self.channel, self.time, "coinbase-raw-trades", 0, self.trade_id,
        )  # fmt: skip


def make_tables(spark: SparkSession) -> None:
    """Make the tables of trades anew, empty."""
    for table in TRADE_TABLES:
        spark.sql(f"DROP TABLE IF EXISTS {table.full_name}")
        spark.sql(table.create_sql())


def add(spark: SparkSession, trades: Iterable[Trade]) -> set[datetime]:
    """Append trades in one commit; return their minutes."""
    rows = list(trades)
    frame = spark.createDataFrame([trade.row() for trade in rows], FACT_TRADES.spark_schema())
    frame.coalesce(1).writeTo(FACT_TRADES.full_name).append()
    return {trade.time.replace(second=0, microsecond=0) for trade in rows}
