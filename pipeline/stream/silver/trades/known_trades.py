"""Which trades the table holds: per source and product the set of known ids, in the driver's memory.

Only a batch that brings an id again is compared with the table; no other batch reads it.
"""

from __future__ import annotations

from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from pipeline.id_ranges import Run, Runs
from pipeline.spark.local_rows import local_rows
from pipeline.stream.silver.trades.id_masks import id_bucket, id_mask, runs_of_mask

Product = tuple[str, str]
"""Source and product_id."""

CHUNK = 10_000  # ids; a whole chunk needs no look at its ids when the table is read at the start


class KnownTrades:
    """The ids that the table holds."""

    def __init__(self) -> None:
        self._ids: dict[Product, Runs] = {}

    def repeated(self, product: Product, ids: Runs) -> list[Run]:
        """Return those of the ids that are known."""
        known = self._ids.get(product)
        return [] if known is None else [part for run in ids for part in known.within(*run)]

    def add(self, product: Product, runs: Runs | list[Run]) -> None:
        """Note that the table holds these ids now."""
        self._ids.setdefault(product, Runs()).update(runs)


def read_known(table: DataFrame) -> KnownTrades:
    """Read the ids that the table holds: one scan of its key columns, a second of chunks with holes."""
    known = KnownTrades()
    chunk = F.floor(F.col("trade_id") / CHUNK).alias("chunk")
    keys = table.select("source", "product_id", "trade_id", chunk)
    chunks = keys.groupBy("source", "product_id", "chunk").agg(
        F.count("*").alias("ids"), F.min("trade_id").alias("first"), F.max("trade_id").alias("last")
    )
    holed = []
    for row in chunks.collect():
        if row["ids"] == row["last"] - row["first"] + 1:
            known.add((row["source"], row["product_id"]), [(row["first"], row["last"])])
        else:
            holed.append((row["source"], row["product_id"], row["chunk"]))
    if holed:
        wanted = F.broadcast(local_rows(table.sparkSession, holed, "source string, product_id string, chunk bigint"))
        found = keys.join(wanted, on=["source", "product_id", "chunk"], how="left_semi")
        for row in found.groupBy("source", "product_id", id_bucket()).agg(id_mask()).collect():
            known.add((row["source"], row["product_id"]), runs_of_mask(row["bucket"], row["mask"]))
    return known
