"""silver.coin_prices: clean price observations, each coin, time and source once, whatever arrives twice or late."""

from __future__ import annotations

from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from pipeline.events.coin_prices import COIN_PRICES
from pipeline.stream.appending import BatchAppender
from pipeline.stream.silver.high_water import Group, HighWaterMarks, Span, spans_of

KEY = list(COIN_PRICES.key)


def run(observations: DataFrame, batch_id: int, appender: BatchAppender, marks: HighWaterMarks) -> frozenset[str]:
    """Write a batch of parsed records' clean rows; return the months (`2013-04`) that may have got new rows.

    `observations` is read more than once: give it cached.
    """
    rows = to_coin_prices(observations)
    spans = spans_of(rows)
    if not spans:
        return frozenset()
    if not appender.has(batch_id):
        appender.append(drop_known(rows, marks.overlap(spans)), batch_id)
    marks.raise_to(spans)
    return frozenset().union(*(span.months for span in spans.values()))


def to_coin_prices(observations: DataFrame) -> DataFrame:
    """Keep the clean observations, one a key (the first that Kafka took), in the table's columns."""
    clean = observations.where(F.col("reason").isNull())
    return (
        clean.withColumn("event_time", F.col("event_time").cast("timestamp_ntz"))
        .withColumn("ingested_at", F.col("kafka_time").cast("timestamp_ntz"))
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
