"""Runs of trade ids: every minute's ids from first to last, with how many of them are there.

A candle is such a run. Where ids of two numberings meet in one minute (a reset, or a wild id), first and
last say nothing about what lies between; such a minute is told by its many absent ids, and is split up by its trades.
"""

from __future__ import annotations

from pyspark.sql import DataFrame, Window
from pyspark.sql import functions as F

from pipeline.events.trades import REST
from pipeline.spark.time_ranges import TimeRange, cover, within
from pipeline.tables.model import TIMESTAMP
from pipeline.tables.silver import FACT_TRADES

RUN_COLUMNS = ("source", "product_id", "minute", "trades", "filled", "first_trade_id", "last_trade_id")
WIDE = 10_000  # ids absent within a minute's; as many real losses are split up, too, which costs reading the trades
JUMP = 1_000  # ids absent between two trades of such a minute


def to_runs(candles: DataFrame) -> DataFrame:
    """Return the candles as runs, split up where they have to be; the trades of those minutes are read for it."""
    runs = candles.select(*RUN_COLUMNS)
    wide = wide_minutes(runs)
    if not wide:
        return runs
    trades = candles.sparkSession.table(FACT_TRADES.full_name).where(within("trade_time", wide))
    return runs.where(~within("minute", wide)).unionByName(split(trades))


def wide_minutes(runs: DataFrame) -> tuple[TimeRange, ...]:
    """Return the minutes in which so many ids of a product are absent that two numberings may have met."""
    absent = F.col("last_trade_id") - F.col("first_trade_id") + 1 - F.col("trades")
    return cover([row["minute"] for row in runs.where(absent > WIDE).select("minute").distinct().collect()])


def split(trades: DataFrame) -> DataFrame:
    """Return runs of trades that lie near each other by minute and id."""
    group = ("source", "product_id", "minute")
    by_id = Window.partitionBy(*group).orderBy("trade_id")
    jump = F.col("trade_id") - F.lag("trade_id").over(by_id) > JUMP
    return (
        trades.withColumn("minute", F.date_trunc("minute", "trade_time").cast(TIMESTAMP))
        .withColumn("starts", F.when(jump, 1).otherwise(0))
        .withColumn("run", F.sum("starts").over(by_id))
        .groupBy(*group, "run")
        .agg(
            F.count("*").alias("trades"),
            F.count_if(F.col("channel") == REST).alias("filled"),
            F.min("trade_id").alias("first_trade_id"),
            F.max("trade_id").alias("last_trade_id"),
        )
        .select(*RUN_COLUMNS)
    )
