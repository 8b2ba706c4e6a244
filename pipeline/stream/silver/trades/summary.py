"""What a batch holds, in a few rows for the driver: the ids as bit masks, and each second's extreme prices."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pipeline.id_ranges import Runs
from pipeline.stream.silver.trades.extremes import Extremes, second_groups, to_extremes
from pipeline.stream.silver.trades.id_masks import id_bucket, id_mask, runs_of_mask
from pipeline.stream.silver.trades.known_trades import Product


@dataclass(frozen=True)
class BatchSummary:
    """A micro-batch: how many rows are rejects and trades, each product's ids, and each second's prices."""

    number: int
    rejects: int
    trades: int
    ids: dict[Product, Runs]
    extremes: list[Extremes]

    @property
    def has_repeats(self) -> bool:
        """Whether an id stands in the batch twice."""
        return self.trades != sum(ids.total for ids in self.ids.values())

    @property
    def minutes(self) -> frozenset[datetime]:
        """The starts of the minutes that its trades fall in; naive, UTC."""
        return frozenset(each.second.replace(second=0) for each in self.extremes)


def summarise(rows: DataFrame, number: int) -> BatchSummary:
    """Summarise parsed rows in one pass."""
    groups = second_groups(rows, "is_trade", id_bucket(), extra=(F.count("*").alias("trades"), id_mask())).collect()
    clean = [row for row in groups if row["is_trade"]]
    ids: dict[Product, Runs] = {}
    for row in clean:
        ids.setdefault((row["source"], row["product_id"]), Runs()).update(runs_of_mask(row["bucket"], row["mask"]))
    return BatchSummary(
        number=number,
        rejects=sum(row["trades"] for row in groups if not row["is_trade"]),
        trades=sum(row["trades"] for row in clean),
        ids=ids,
        extremes=[to_extremes(row) for row in clean],
    )
