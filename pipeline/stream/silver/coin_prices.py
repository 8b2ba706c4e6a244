"""silver.coin_prices: clean price observations, each coin, time and source once, whatever arrives twice or late."""

from __future__ import annotations

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from pipeline.spark.appending import BatchAppender
from pipeline.stream.silver.high_water import BatchSummary, Group, HighWaterMarks, Span, within_spans
from pipeline.tables.model import DECIMAL
from pipeline.tables.silver import COIN_PRICES

KEY = list(COIN_PRICES.key)
ANOTHER_PRICE = "price_usd differs from the one that came first for this coin, event_time and source: "


def run(observations: DataFrame, batch: BatchSummary, appender: BatchAppender, marks: HighWaterMarks) -> None:
    """Write a batch's clean rows, of which each key is new."""
    if batch.spans:
        appender.append(to_coin_prices(observations), batch.number)
        marks.raise_to(batch.spans)


def to_coin_prices(observations: DataFrame) -> DataFrame:
    """Keep the clean observations, in the table's columns."""
    return (
        observations.where("reason IS NULL")
        .withColumnRenamed("kafka_time", "ingested_at")
        .select(*COIN_PRICES.column_names)
    )


def with_repeats_judged(observations: DataFrame, overlap: dict[Group, Span]) -> DataFrame:
    """Drop clean rows that repeat an earlier one or one in the table; reject those that name another price.

    `overlap` says where rows of the batch can be in the table. After a crash between the two tables a batch is judged
    again, with its own rows in the table: the same rows are rejected, the others are then repeats.
    """
    in_order = Window.partitionBy(*KEY).orderBy("topic", "partition", "offset")
    clean = observations.where("reason IS NULL").select(
        "*", F.row_number().over(in_order).alias("rank"), F.first("price_usd").over(in_order).alias("first_price")
    )
    judged = _with_stored_price(clean, overlap).withColumn("known_price", F.coalesce("stored_price", "first_price"))
    differs = F.col("price_usd") != F.col("known_price")
    is_new = F.col("stored_price").isNull() & (F.col("rank") == 1)
    reason = F.when(differs, F.concat(F.lit(ANOTHER_PRICE), F.col("known_price").cast("string")))
    kept = judged.where(is_new | differs).withColumn("reason", reason).select(*observations.columns)
    return kept.unionByName(observations.where("reason IS NOT NULL")).coalesce(1)


def _with_stored_price(rows: DataFrame, overlap: dict[Group, Span]) -> DataFrame:
    if not overlap:
        return rows.withColumn("stored_price", F.lit(None).cast(DECIMAL))
    stored = rows.sparkSession.table(COIN_PRICES.full_name).where(within_spans(COIN_PRICES, overlap))
    return rows.join(stored.select(*KEY, F.col("price_usd").alias("stored_price")), on=KEY, how="left")
