"""Which trades the table holds: per source and product the set of known ids, in the driver's memory.

Only a batch that brings an id again is compared with the table; no other batch reads it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from pipeline.id_ranges import Run, Runs
from pipeline.stream.silver.trades.id_masks import MASK_BITS, id_bucket, id_mask, runs_of_mask

Product = tuple[str, str]
"""Source and product_id."""

FULL = -1  # the mask of a bucket with all its ids


class KnownTrades:
    """The ids that the table holds."""

    def __init__(self, ids: Mapping[Product, Iterable[Run]] | None = None) -> None:
        self._ids = {product: Runs(runs) for product, runs in (ids or {}).items()}

    @property
    def total(self) -> int:
        """How many ids are known."""
        return sum(runs.total for runs in self._ids.values())

    def __iter__(self) -> Iterator[tuple[Product, Runs]]:
        """Yield each product's ids."""
        return iter(sorted(self._ids.items()))

    def repeated(self, product: Product, ids: Runs) -> list[Run]:
        """Return those of the ids that are known."""
        known = self._ids.get(product)
        return [] if known is None else [part for run in ids for part in known.within(*run)]

    def add(self, product: Product, runs: Iterable[Run]) -> None:
        """Note that the table holds these ids now."""
        self._ids.setdefault(product, Runs()).update(runs)

    def read(self, keys: DataFrame) -> None:
        """Add the ids of trades in a DataFrame: one scan of their key columns.

        Spark makes masks of 64 ids and joins full ones that follow each other, so that a row reaches the driver for a
        run of ids and for a mask with holes.
        """
        found: dict[Product, list[Run]] = {}
        for row in to_runs(keys).toLocalIterator():
            runs = found.setdefault((row["source"], row["product_id"]), [])
            if row["mask"] == FULL:
                runs.append((row["first"] * MASK_BITS, (row["last"] + 1) * MASK_BITS - 1))
            else:
                runs += runs_of_mask(row["first"], row["mask"])
        for product, runs in found.items():
            self.add(product, runs)


def to_runs(keys: DataFrame) -> DataFrame:
    """Return `source, product_id, first, last, mask`: buckets with that mask; more than one only where it is FULL."""
    product = ("source", "product_id", "is_full")
    in_order = Window.partitionBy(*product).orderBy("bucket")
    consecutive = F.col("bucket") - F.row_number().over(in_order)  # the same for full buckets that follow each other
    return (
        keys.groupBy("source", "product_id", id_bucket())
        .agg(id_mask())
        .withColumn("is_full", F.col("mask") == FULL)
        .withColumn("island", F.when(F.col("is_full"), consecutive).otherwise(F.col("bucket")))
        .groupBy(*product, "island")
        .agg(F.min("bucket").alias("first"), F.max("bucket").alias("last"), F.min("mask").alias("mask"))
    )
