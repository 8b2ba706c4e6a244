"""The lowest and the highest price of each second: what prices are compared by, in a few rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from pyspark.sql import Column, DataFrame, Row
from pyspark.sql import functions as F

from pipeline.tables.model import TIMESTAMP


@dataclass(frozen=True)
class Extremes:
    """The lowest and the highest price of a product within a second, and when they were paid; times naive, UTC."""

    source: str
    product_id: str
    second: datetime
    low: Decimal
    low_time: datetime
    high: Decimal
    high_time: datetime

    def merged(self, other: Extremes) -> Extremes:
        """Return the extremes of both parts of the same second."""
        low = min((self.low, self.low_time), (other.low, other.low_time))
        high = max((self.high, self.high_time), (other.high, other.high_time))
        return Extremes(self.source, self.product_id, self.second, *low, *high)


def second_groups(rows: DataFrame, *more: Column | str, extra: tuple[Column, ...] = ()) -> DataFrame:
    """Group trades by source, product and second of trade_time; `extra` are further aggregates."""
    second = F.date_trunc("second", "trade_time").cast(TIMESTAMP).alias("second")
    return rows.groupBy("source", "product_id", second, *more).agg(
        F.min("price").alias("low"),
        F.min_by("trade_time", "price").alias("low_time"),
        F.max("price").alias("high"),
        F.max_by("trade_time", "price").alias("high_time"),
        *extra,
    )


def to_extremes(row: Row) -> Extremes:
    """Read a row of `second_groups`."""
    return Extremes(
        row["source"], row["product_id"], row["second"], row["low"], row["low_time"], row["high"], row["high_time"]
    )
