"""silver.bitcoin_data: minute candles as their sources gave them; of several for a minute, the one that came last."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from pipeline.spark.appending import BatchAppender
from pipeline.spark.replacing import in_partitions
from pipeline.spark.time_ranges import MINUTE, TimeRange
from pipeline.stream.silver.high_water import BatchSummary, Group, Span, to_summary, within_spans
from pipeline.tables.columns import OHLCV
from pipeline.tables.model import TIMESTAMP
from pipeline.tables.silver import BITCOIN_DATA

KEY = list(BITCOIN_DATA.key)
VALUES = (*(column.name for column in OHLCV), "is_filled")
MASK_MINUTES = 64


def run(changed: DataFrame, batch: int, appender: BatchAppender) -> None:
    """Write rows of `with_later_arrivals`; a batch that changes nothing makes no snapshot."""
    months = changed.groupBy(F.date_trunc("month", "minute").cast(TIMESTAMP).alias("month")).agg(
        F.bool_or("is_known").alias("is_known")
    )
    found = months.collect()
    if any(row["is_known"] for row in found):
        appender.overwrite(with_kept(changed, [row["month"] for row in found]), batch)
    elif found:
        appender.append(changed, batch)


def to_bitcoin_data(candles: DataFrame) -> DataFrame:
    """Keep the clean candles, in the table's columns."""
    return (
        candles.where("reason IS NULL")
        .withColumnRenamed("kafka_time", "ingested_at")
        .select(*BITCOIN_DATA.column_names)
    )


def summarise(candles: DataFrame, number: int) -> BatchSummary:
    """Count a batch's rejects and find the spans of its clean rows, in one pass; a handful of rows reach the driver.

    Each minute is a bit among 64, so that a minute that stands there twice shows without a set of them all.
    """
    minutes = F.unix_seconds(F.col("minute").cast("timestamp")) / MINUTE.total_seconds()
    found = (
        candles.withColumn("number", minutes.cast("bigint"))
        .groupBy(
            *("source", "product_id", F.col("reason").isNotNull().alias("rejected")),
            F.floor(F.col("number") / MASK_MINUTES).alias("bucket"),
        )
        .agg(
            F.count("*").alias("rows"),
            F.min("minute").alias("first"),
            F.max("minute").alias("last"),
            F.expr(f"bit_or(shiftleft(1L, cast(pmod(number, {MASK_MINUTES}) AS int)))").alias("mask"),
        )
        .groupBy("source", "product_id", "rejected")
        .agg(
            F.sum("rows").alias("rows"),
            F.min("first").alias("first"),
            F.max("last").alias("last"),
            F.sum(F.bit_count("mask")).alias("times"),
        )
        .collect()
    )
    return to_summary(found, number)


def with_later_arrivals(candles: DataFrame, overlap: dict[Group, Span]) -> DataFrame:
    """Return for each minute the candle that its last change brought, with `is_known`: the table holds an earlier one.

    Arrivals are compared in their order, the table's candle first: one that equals the one before it is a repeat. So
    the result is the same wherever batches are cut. `overlap` says where rows of the batch can be in the table.
    """
    values = F.struct(*VALUES)
    in_order = Window.partitionBy(*KEY).orderBy("offset")
    rows = _with_stored(to_bitcoin_data(candles), overlap)
    return (
        rows.withColumn("before", F.coalesce(F.lag(values).over(in_order), "stored"))
        .where(~values.eqNullSafe(F.col("before")))
        .withColumn("rank", F.row_number().over(Window.partitionBy(*KEY).orderBy(F.desc("offset"))))
        .where("rank = 1")
        .select(*BITCOIN_DATA.column_names, F.col("stored").isNotNull().alias("is_known"))
    )


def with_kept(changed: DataFrame, months: Collection[datetime]) -> DataFrame:
    """Return all that these months will hold: the changed rows, and the table's rows of other minutes."""
    touched = in_partitions(BITCOIN_DATA, [TimeRange(month, month + MINUTE) for month in months])
    held = changed.sparkSession.table(BITCOIN_DATA.full_name).where(touched)
    return (
        held.join(changed.select(*KEY), on=KEY, how="left_anti")
        .select(*BITCOIN_DATA.column_names)
        .unionByName(changed.select(*BITCOIN_DATA.column_names))
        .coalesce(1)
        .sortWithinPartitions(*KEY)
    )


def _with_stored(rows: DataFrame, overlap: dict[Group, Span]) -> DataFrame:
    table = rows.sparkSession.table(BITCOIN_DATA.full_name)
    held = table.where(within_spans(BITCOIN_DATA, overlap) if overlap else F.lit(False))
    return rows.join(held.select(*KEY, F.struct(*VALUES).alias("stored")), on=KEY, how="left")
