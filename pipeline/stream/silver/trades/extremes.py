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
    """The lowest and the highest price of a product within a second, and when each was first paid; naive, UTC."""

    source: str
    product_id: str
    second: datetime
    low: Decimal
    low_time: datetime
    high: Decimal
    high_time: datetime

    def merged(self, other: Extremes) -> Extremes:
        """Return the extremes of both parts of the same second."""
        lower = min(self, other, key=lambda part: (part.low, part.low_time))
        higher = self if (self.high, other.high_time) > (other.high, self.high_time) else other
        low, high = (lower.low, lower.low_time), (higher.high, higher.high_time)
        return Extremes(self.source, self.product_id, self.second, *low, *high)


def second_groups(rows: DataFrame, *more: Column | str, extra: tuple[Column, ...] = ()) -> DataFrame:
    """Group trades by source, product and second of trade_time; `extra` are further aggregates."""
    second = F.date_trunc("second", "trade_time").cast(TIMESTAMP).alias("second")
    # Minima of structs, not `min_by`: of trades at the same price, that would take whichever is read last.
    lowest = F.min(F.struct("price", "trade_time"))
    highest = F.min(F.struct(F.negate("price").alias("price"), "trade_time"))
    found = rows.groupBy("source", "product_id", second, *more).agg(
        lowest.alias("lowest"), highest.alias("highest"), *extra
    )
    return found.select(
        *(name for name in found.columns if name not in {"lowest", "highest"}),
        F.col("lowest.price").alias("low"),
        F.col("lowest.trade_time").alias("low_time"),
        F.negate("highest.price").alias("high"),
        F.col("highest.trade_time").alias("high_time"),
    )


def to_extremes(row: Row) -> Extremes:
    """Read a row of `second_groups`."""
    return Extremes(
        row["source"], row["product_id"], row["second"], row["low"], row["low_time"], row["high"], row["high_time"]
    )
