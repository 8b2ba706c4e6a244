"""silver.fact_crypto_trades: every trade once, however often and late it arrived."""

from __future__ import annotations

from datetime import timedelta

from pyspark.sql import Column, DataFrame, Window
from pyspark.sql import functions as F

from pipeline.id_ranges import Run
from pipeline.spark.local_rows import local_rows
from pipeline.spark.time_ranges import TimeRange, within
from pipeline.stream.silver.trades.known_trades import KnownTrades, Product
from pipeline.stream.silver.trades.summary import BatchSummary
from pipeline.tables.silver import FACT_TRADES

KEY = list(FACT_TRADES.key)
Repeats = dict[Product, list[Run]]
NEW, REPEAT, OTHER = "new", "repeat", "other"
"""What a trade turns out to be; `OTHER` has the id of a trade that we know, but another time."""


def to_fact_trades(rows: DataFrame) -> DataFrame:
    """Keep the clean trades, in the table's columns."""
    return rows.where("is_trade").withColumn("ingested_at", F.col("kafka_time")).select(*FACT_TRADES.column_names)


def find_repeats(batch: BatchSummary, known: KnownTrades) -> Repeats:
    """Return the batch's ids that the table holds already."""
    found = {product: known.repeated(product, ids) for product, ids in batch.ids.items()}
    return {product: runs for product, runs in found.items() if runs}


def with_verdict(rows: DataFrame, batch: BatchSummary, repeats: Repeats) -> DataFrame:
    """Keep the clean trades and add `verdict`.

    The same trade always has the same time, so that the table is read only where the repeated products' trades lie.
    An id that is known but does not stand there with that time is another trade: the exchange has reset its ids.
    """
    first = Window.partitionBy(*KEY).orderBy("offset")
    trades = rows.where("is_trade").select(
        "*", F.row_number().over(first).alias("rank"), F.first("trade_time").over(first).alias("first_time")
    )
    if not repeats:
        return trades.withColumn("verdict", _among_themselves())
    known = F.broadcast(_known_keys(rows, repeats))
    stored = (
        rows.sparkSession.table(FACT_TRADES.full_name)
        .where(within("trade_time", [_span(batch, repeats)]))
        .join(known, on=KEY, how="left_semi")
        .select(*KEY, F.col("trade_time").alias("stored_time"))
    )
    same = F.when(F.col("stored_time") == F.col("trade_time"), REPEAT).otherwise(OTHER)
    return (
        trades.join(known.withColumn("is_known", F.lit(True)), on=KEY, how="left")
        .join(stored, on=KEY, how="left")
        .withColumn("verdict", F.when(F.col("is_known"), same).otherwise(_among_themselves()))
    )


def _among_themselves() -> Column:
    same = F.when(F.col("trade_time") == F.col("first_time"), REPEAT).otherwise(OTHER)
    return F.when(F.col("rank") == 1, NEW).otherwise(same)


def _known_keys(rows: DataFrame, repeats: Repeats) -> DataFrame:
    runs = [(*product, first, last) for product, parts in repeats.items() for first, last in parts]
    frame = local_rows(rows.sparkSession, runs, "source string, product_id string, first bigint, last bigint")
    return frame.select("source", "product_id", F.explode(F.sequence("first", "last")).alias("trade_id"))


def _span(batch: BatchSummary, repeats: Repeats) -> TimeRange:
    seconds = [each.second for each in batch.extremes if (each.source, each.product_id) in repeats]
    return TimeRange(min(seconds), max(seconds) + timedelta(seconds=1))
