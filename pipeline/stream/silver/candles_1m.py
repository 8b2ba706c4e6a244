"""silver.candles_1m: one-minute candles, recomputed from all trades of a minute whenever one of them arrives."""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from pipeline.events.trades import REST
from pipeline.spark.replacing import replace_rows
from pipeline.spark.time_ranges import TimeRange, hull, within
from pipeline.tables.model import DECIMAL
from pipeline.tables.silver import CANDLES_1M, FACT_TRADES

LARGEST = Decimal("99999999999999999999.999999999999999999")  # what a sum shows that no decimal(38,18) can hold

# A turnover is summed with 20 decimals: exact where a price has up to 12 of them and a size up to 8, as on any market
# that Coinbase lists. Finer ones are rounded half up to the 20th, each trade by itself.
FINE, COARSE = "decimal(38,12)", "decimal(38,8)"
REMAINDER = "decimal(18,18)"
PRODUCT = "decimal(38,20)"
LARGEST_PRODUCT = Decimal("999999999999999999.99999999999999999999")


def run(candles: DataFrame, touched: Collection[TimeRange]) -> None:
    """Write the candles of the touched minutes over the table's."""
    rows = candles.where(within("minute", touched))
    replace_rows(rows, CANDLES_1M, hull(touched), within("minute", touched))


def read_fresh(spark: SparkSession, touched: Collection[TimeRange]) -> DataFrame:
    """Compute the candles of the touched minutes from the trades that the table holds now."""
    trades = spark.table(FACT_TRADES.full_name).where(within("trade_time", touched))
    # A checkpoint, not a cache: appending trades would make Spark drop the cache, and the next reader see more of them.
    return to_candles(trades).coalesce(1).localCheckpoint()


def updated(fresh: DataFrame, touched: Collection[TimeRange]) -> DataFrame:
    """Return all candles as they will be once the fresh ones are written."""
    known = fresh.sparkSession.table(CANDLES_1M.full_name)
    return known.where(~within("minute", touched)).unionByName(fresh)


def to_candles(trades: DataFrame) -> DataFrame:
    """Sum the trades of each source, product and minute up; the session must be an exact one (see `refresh`)."""
    price, size, trade_id = F.col("price"), F.col("size"), F.col("trade_id")
    return (
        trades.withColumn("minute", F.date_trunc("minute", "trade_time").cast("timestamp_ntz"))
        .groupBy("source", "product_id", "minute")
        .agg(
            F.min_by(price, trade_id).alias("open"),
            F.max(price).alias("high"),
            F.min(price).alias("low"),
            F.max_by(price, trade_id).alias("close"),
            total(size).alias("volume"),
            total(turnover(price, size)).alias("turnover"),
            total(price).alias("price_sum"),
            F.count("*").alias("trades"),
            F.count_if(F.col("channel") == REST).alias("filled"),
            F.min(trade_id).alias("first_trade_id"),
            F.max(trade_id).alias("last_trade_id"),
            F.max("ingested_at").alias("last_ingested_at"),
        )
        .select(*CANDLES_1M.column_names)
    )


def total(values: Column) -> Column:
    """Sum decimals up, half up to 18 decimals; a sum too large shows as the largest number there is."""
    return F.coalesce(F.try_sum(values).cast(DECIMAL), F.lit(LARGEST))


def turnover(price: Column, size: Column) -> Column:
    """Return price times size with 20 decimals; one too large shows as the largest such number."""
    fine, coarse = price.cast(FINE), size.cast(COARSE)
    price_rest, size_rest = price - fine.try_cast(DECIMAL), size - coarse.try_cast(DECIMAL)
    plain = F.try_multiply(fine, coarse)
    rest = F.try_add(
        F.try_multiply(fine, size_rest.try_cast(REMAINDER)).try_cast(PRODUCT),
        F.try_multiply(price_rest.try_cast(REMAINDER), coarse).try_cast(PRODUCT),
    )
    exact = F.when((price_rest == 0) & (size_rest == 0), plain).otherwise(F.try_add(plain, rest).try_cast(PRODUCT))
    return F.coalesce(exact, F.lit(LARGEST_PRODUCT))
