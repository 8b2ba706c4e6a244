"""Trades as rows of silver.fact_crypto_trades, written as the stream writes them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from pyspark.sql import SparkSession

from pipeline.tables.silver import FACT_TRADES


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


def add(spark: SparkSession, trades: Iterable[Trade]) -> set[datetime]:
    """Append trades in one commit; return their minutes."""
    rows = list(trades)
    frame = spark.createDataFrame([trade.row() for trade in rows], FACT_TRADES.spark_schema())
    frame.coalesce(1).writeTo(FACT_TRADES.full_name).append()
    return {trade.time.replace(second=0, microsecond=0) for trade in rows}
