"""gold.bitcoin_gold_data: minute candles with moving averages and volatility over time.

For N of `WINDOWS_MIN`, `ma_N` is the mean and `volatility_N` the sample standard deviation of `close` over the candles
in (t - N min, t] that exist; a gap makes a window hold fewer of them and never reach further back.
"""

from __future__ import annotations

from datetime import timedelta

from pyspark.sql import Column, DataFrame, Window, WindowSpec
from pyspark.sql import functions as F

from pipeline.stream.gold.bitcoin_candles import SERIES
from pipeline.tables.gold import BITCOIN_GOLD, WINDOWS_MIN

LOOK_BACK_MIN = max(WINDOWS_MIN) - 1
REACH = timedelta(minutes=LOOK_BACK_MIN)
CHUNK_MIN = 360
"""Windows are computed over so many minutes at a time, with the look-back rows of the chunk before copied into each: a
window's rows then fit into memory, and differences of prices stay small. A twelfth of the rows are copied."""

QUIET, LOST, UNKNOWN = "quiet", "lost", "unknown"


def to_gold(candles: DataFrame, revision: int, *, is_one_series: bool = False) -> DataFrame:
    """Compute the table's rows from `bitcoin_candles.COLUMNS`, one for each product and minute.

    `is_one_series`: no product has candles of two series, so that none has to be chosen. The windows of a candle need
    all candles of its series for `LOOK_BACK_MIN` before it, and `missing_before` the one before it, however old. The
    session must keep decimals of scale 18 (see `planning.exact_session`).
    """
    rows = (
        candles.transform(with_chunks)
        .transform(with_previous)
        .transform(with_windows)
        .where(_is_own())
        .transform(with_missing)
    )
    best = rows if is_one_series else filter_best(rows)
    return best.withColumn("revision", F.lit(revision).cast("bigint")).select(*BITCOIN_GOLD.column_names)


def with_chunks(candles: DataFrame) -> DataFrame:
    """Add `n`, the minutes since 1970, and `chunk`; the last minutes of a chunk also stand in the next one."""
    n = F.unix_micros(F.col("minute").cast("timestamp")) / F.lit(60_000_000)
    chunk = F.floor(F.col("n") / F.lit(CHUNK_MIN))
    is_look_back = F.col("n") % CHUNK_MIN >= CHUNK_MIN - LOOK_BACK_MIN
    chunks = F.when(is_look_back, F.array(chunk, chunk + 1)).otherwise(F.array(chunk))
    return candles.withColumn("n", n.cast("bigint")).withColumn("chunk", F.explode(chunks))


def with_previous(candles: DataFrame) -> DataFrame:
    """Add the minute and the last trade id of the series' candle before; a copied row is no other candle."""
    in_order = Window.partitionBy(*SERIES).orderBy("chunk", "n")
    return candles.select(
        "*",
        F.lag("n").over(in_order).alias("previous_n"),
        F.lag("last_trade_id").over(in_order).alias("previous_trade_id"),
    )


def with_windows(candles: DataFrame) -> DataFrame:
    """Add means and deviations.

    What is summed up as floating point are the differences from the chunk's first price, which are exact: with prices
    themselves, half of the digits of a small deviation would be lost.
    """
    chunk = Window.partitionBy(*SERIES, "chunk")
    base = F.first("close").over(chunk.orderBy("n").rowsBetween(Window.unboundedPreceding, Window.currentRow))
    # Turning a decimal into a floating point number costs as much as a window: each is turned once.
    differences = candles.withColumn("base", base).select(
        "*", _double(F.col("base")).alias("base_price"), _double(F.col("close") - F.col("base")).alias("difference")
    )
    frames = {n: chunk.orderBy("n").rangeBetween(1 - n, 0) for n in WINDOWS_MIN}
    return differences.select(
        "*",
        *(_mean(frame).alias(f"ma_{n}") for n, frame in frames.items()),
        *(F.stddev_samp("difference").over(frame).alias(f"volatility_{n}") for n, frame in frames.items()),
    )


def with_missing(candles: DataFrame) -> DataFrame:
    """Add how many minutes are missing since the series' candle before, and why.

    Trade ids that run on prove that nobody traded; ids that jump, that trades are missing. Ids that fall are another
    numbering and prove nothing, but for those of one moment, which a minute's edge may part the wrong way.
    """
    missing = F.coalesce(F.col("n") - F.col("previous_n") - 1, F.lit(0)).cast("int")
    jump = F.col("first_trade_id") - F.col("previous_trade_id")
    is_quiet = (jump <= 1) & (F.col("last_trade_id") > F.col("previous_trade_id"))
    state = F.when(is_quiet, QUIET).when(jump > 1, LOST).otherwise(UNKNOWN)
    return candles.withColumn("missing_before", missing).withColumn(
        "missing_state", F.when(F.col("missing_before") > 0, state)
    )


def filter_best(candles: DataFrame) -> DataFrame:
    """Keep the candle of the best series for each product and minute."""
    best_first = Window.partitionBy("product_id", "minute").orderBy("rank", "source")
    return candles.withColumn("place", F.row_number().over(best_first)).where("place = 1")


def _is_own() -> Column:
    """Match the rows that are not copies."""
    return F.col("n") >= F.col("chunk") * CHUNK_MIN


def _mean(frame: WindowSpec) -> Column:
    return F.col("base_price") + F.avg("difference").over(frame)


def _double(value: Column) -> Column:
    return value.cast("double")
