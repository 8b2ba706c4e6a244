"""What a batch holds, told to the driver in a few rows: the ids as bit masks, and each second's extreme prices."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pyspark.sql import Column, DataFrame, Row
from pyspark.sql import functions as F

from pipeline.stream.gold.price_moves import Extremes
from pipeline.stream.silver.trades.intervals import IdSet, runs_of_mask
from pipeline.stream.silver.trades.known_trades import Product, id_bucket, id_mask
from pipeline.tables.model import TIMESTAMP


@dataclass(frozen=True)
class BatchSummary:
    """A micro-batch: how many rows are rejects and trades, each product's ids, and each second's prices."""

    number: int
    rejects: int
    trades: int
    ids: dict[Product, IdSet]
    extremes: list[Extremes]

    @property
    def has_repeats(self) -> bool:
        """Whether an id stands in the batch twice."""
        return self.trades != sum(len(ids) for ids in self.ids.values())

    @property
    def minutes(self) -> frozenset[datetime]:
        """The starts of the minutes that its trades fall in; naive, UTC."""
        return frozenset(each.second.replace(second=0) for each in self.extremes)


def summarise(rows: DataFrame, number: int) -> BatchSummary:
    """Summarise parsed rows in one pass."""
    groups = second_groups(rows, "is_trade", id_bucket()).collect()
    clean = [row for row in groups if row["is_trade"]]
    ids: dict[Product, IdSet] = {}
    for row in clean:
        known = ids.setdefault((row["source"], row["product_id"]), IdSet())
        for first, last in runs_of_mask(row["bucket"], row["mask"]):
            known.add(first, last)
    return BatchSummary(
        number=number,
        rejects=sum(row["trades"] for row in groups if not row["is_trade"]),
        trades=sum(row["trades"] for row in clean),
        ids=ids,
        extremes=[to_extremes(row) for row in clean],
    )


def second_groups(rows: DataFrame, *more: Column | str) -> DataFrame:
    """Group trades by source, product and second of trade_time."""
    second = F.date_trunc("second", "trade_time").cast(TIMESTAMP).alias("second")
    return rows.groupBy("source", "product_id", second, *more).agg(
        F.count("*").alias("trades"),
        id_mask(),
        F.min("price").alias("low"),
        F.min_by("trade_time", "price").alias("low_time"),
        F.max("price").alias("high"),
        F.max_by("trade_time", "price").alias("high_time"),
    )


def to_extremes(row: Row) -> Extremes:
    """Read a row of `second_groups`."""
    return Extremes(
        row["source"], row["product_id"], row["second"], row["low"], row["low_time"], row["high"], row["high_time"]
    )
