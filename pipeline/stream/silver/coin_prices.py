"""silver.coin_prices: clean price observations, each coin, time and source once, whatever arrives twice or late."""

from __future__ import annotations

from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from pipeline.spark.appending import BatchAppender
from pipeline.stream.silver.high_water import BatchSummary, Group, HighWaterMarks, Span
from pipeline.tables.silver import COIN_PRICES

KEY = list(COIN_PRICES.key)


def run(observations: DataFrame, batch: BatchSummary, appender: BatchAppender, marks: HighWaterMarks) -> None:
    """Write a batch of parsed records' clean rows, those that the table does not hold yet."""
    if not batch.spans:
        return
    if not appender.has(batch.number):
        rows = to_coin_prices(observations)
        appender.append(drop_known(rows, marks.overlap(batch.spans)), batch.number)
    marks.raise_to(batch.spans)


def to_coin_prices(observations: DataFrame) -> DataFrame:
    """Keep the clean observations, one a key, in the table's columns."""
    return (
        observations.where("reason IS NULL")
        .withColumnRenamed("kafka_time", "ingested_at")
        .dropDuplicates(KEY)  # the business key; within this batch only, the table is asked in drop_known
        .select(*COIN_PRICES.column_names)
    )


def drop_known(rows: DataFrame, overlap: dict[Group, Span]) -> DataFrame:
    """Drop the rows whose key the table holds already; `overlap` says where such rows can be."""
    if not overlap:
        return rows
    known = rows.sparkSession.table(COIN_PRICES.full_name).where(_within(overlap)).select(*KEY)
    return rows.join(known, on=KEY, how="left_anti")


def _within(overlap: dict[Group, Span]) -> Column:
    """Match the table's rows in the overlapping stretches; simple enough for Iceberg to skip files by it."""
    return reduce(
        lambda left, right: left | right,
        (
            (F.col("coin") == coin) & (F.col("source") == source) & F.col("event_time").between(span.first, span.last)
            for (coin, source), span in overlap.items()
        ),
    )
