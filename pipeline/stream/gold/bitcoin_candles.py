"""The candles that gold.bitcoin_gold_data is made of, in one shape: those from our trades, and those given as candles.

A series is the candles of one product from one source through one input; no window reaches from one into another. Where
several have a candle for a minute, the one of the lowest rank counts: real ones before simulated ones, and among real
ones our trades before the exchange's candles before files.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from pipeline.ingest.sources.coinbase import NAME as COINBASE_CANDLES
from pipeline.markets import SIMULATOR
from pipeline.tables.columns import OHLCV
from pipeline.tables.silver import BITCOIN_DATA, CANDLES_1M

SERIES = ("rank", "source", "product_id")
COLUMNS = (
    *SERIES,
    "minute",
    *(column.name for column in OHLCV),
    "is_filled",
    "ingested_at",
    "first_trade_id",
    "last_trade_id",
)
"""Trade ids are null where a source gives candles only."""

TRADES, EXCHANGE, FILES, SIMULATED_TRADES, SIMULATED_CANDLES = range(5)
BITCOIN_PRODUCTS = "BTC-%"


def read_candles(spark: SparkSession) -> DataFrame:
    """Return all candles of bitcoin, as both tables have them now."""
    from_trades = to_trade_candles(spark.table(CANDLES_1M.full_name))
    return from_trades.unionByName(to_given_candles(spark.table(BITCOIN_DATA.full_name)))


def to_trade_candles(candles_1m: DataFrame) -> DataFrame:
    """Give the candles of silver.candles_1m the common shape."""
    return (
        candles_1m.where(F.col("product_id").like(BITCOIN_PRODUCTS))
        .withColumn("rank", _rank(TRADES, SIMULATED_TRADES))
        .withColumn("is_filled", F.lit(False))
        .withColumnRenamed("last_ingested_at", "ingested_at")
        .select(*COLUMNS)
    )


def to_given_candles(bitcoin_data: DataFrame) -> DataFrame:
    """Give the candles of silver.bitcoin_data the common shape."""
    none = F.lit(None).cast("bigint")
    real = F.when(F.col("source") == COINBASE_CANDLES, EXCHANGE).otherwise(FILES)
    return (
        bitcoin_data.withColumn("rank", _rank(real, SIMULATED_CANDLES))
        .withColumn("first_trade_id", none)
        .withColumn("last_trade_id", none)
        .select(*COLUMNS)
    )


def _rank(real: Column | int, simulated: int) -> Column:
    return F.when(F.col("source") == SIMULATOR, simulated).otherwise(real)
