"""gold.coin_returns: what the daily closes of `gold.coin_daily` say of return, trend and risk.

A day without a price has no row and is never filled in: a return needs the close of exactly so many days before, a mean
or a deviation nine tenths of its days.
"""

from __future__ import annotations

import math

from pyspark.sql import Column, DataFrame, Window, WindowSpec
from pyspark.sql import functions as F

from pipeline.tables.coins import AVERAGE_DAYS, COIN_RETURNS, RETURN_DAYS

DAYS_A_YEAR = 365  # coins trade every day of the year
FULL_WINDOW = 0.9
VOLATILITY_DAYS = 30
RSI_CHANGES = 14


def to_coin_returns(daily: DataFrame, revision: int) -> DataFrame:
    """Compute the table's rows from all days of each coin; of `daily`, `close`, `source` and `held_at` are read."""
    return (
        daily.transform(with_numbers)
        .transform(with_returns)
        .transform(with_trends)
        .transform(with_volatility)
        .transform(with_rsi)
        .transform(with_drawdown)
        .withColumn("revision", F.lit(revision).cast("bigint"))
        .select(*COIN_RETURNS.column_names)
    )


def with_numbers(daily: DataFrame) -> DataFrame:
    """Add the day's number `n`, the coin's `age` in days, and the close as floating point, `price`."""
    n = F.unix_date("day")
    age = F.col("n") - F.min("n").over(Window.partitionBy("coin"))
    return daily.withColumn("n", n).withColumn("age", age).withColumn("price", F.col("close").cast("double"))


def with_returns(daily: DataFrame) -> DataFrame:
    """Add the returns over fixed numbers of days, and since the first close."""
    returns = {f"return_{n}d_pct": _change(F.first("price").over(_series().rangeBetween(-n, -n))) for n in RETURN_DAYS}
    return daily.withColumns({**returns, "return_since_start_pct": _change(F.first("price").over(_so_far()))})


def with_trends(daily: DataFrame) -> DataFrame:
    """Add the moving averages, in USD."""
    return daily.withColumns({f"ma_{n}d": _over_days(F.avg, "price", n, n - 1) for n in AVERAGE_DAYS})


def with_volatility(daily: DataFrame) -> DataFrame:
    """Add the annualised volatility; a change over a gap of several days is not a daily return and is left out."""
    before = F.first("price").over(_series().rangeBetween(-1, -1))
    deviation = _over_days(F.stddev_samp, "log_return", VOLATILITY_DAYS, VOLATILITY_DAYS)
    annualised = deviation * math.sqrt(DAYS_A_YEAR) * 100
    return daily.withColumn("log_return", F.log(F.col("price") / before)).withColumn(
        f"volatility_{VOLATILITY_DAYS}d_pct", annualised
    )


def with_rsi(daily: DataFrame) -> DataFrame:
    """Add Wilder's relative strength index (New Concepts in Technical Trading Systems, 1978).

    His average starts as the mean of the first N gains and then moves a 1/N of the way to each next one. As a sum this
    is g(i) k^(n-i) / N with k = (N-1)/N, and k^n can be drawn out of it: a running sum of g(i) k^-i. The exponents are
    counted from the middle of the series, so that 50 years of days stay within what a double holds.
    """
    change = F.col("price") - F.lag("price").over(_series())
    middle = F.count("*").over(Window.partitionBy("coin")) / 2
    numbered = daily.select(
        "*",
        change.alias("change"),
        (F.row_number().over(_series()) - 1).alias("i"),
        middle.alias("middle"),
    )
    gain = _wilder_average(numbered, F.greatest(F.col("change"), F.lit(0.0)), "gain")
    both = _wilder_average(gain, F.greatest(-F.col("change"), F.lit(0.0)), "loss")
    share = F.try_divide(F.col("gain"), F.col("gain") + F.col("loss"))
    rsi = F.coalesce(100 * share, F.lit(50.0))  # a price that never moved is neither strong nor weak
    return both.withColumn("rsi_14", F.when(F.col("i") >= RSI_CHANGES, rsi))


def with_drawdown(daily: DataFrame) -> DataFrame:
    """Add how far each close lies below the highest one so far, and for how many days."""
    highest = F.max("price").over(_so_far())
    high_day = F.max(F.when(F.col("price") == F.col("highest"), F.col("n"))).over(_so_far())
    return (
        daily.withColumn("highest", highest)
        .withColumn("drawdown_pct", _change(F.col("highest")))
        .withColumn("days_under_water", (F.col("n") - high_day).cast("int"))
    )


def _series() -> WindowSpec:
    return Window.partitionBy("coin").orderBy("n")


def _so_far() -> WindowSpec:
    return _series().rowsBetween(Window.unboundedPreceding, Window.currentRow)


def _change(before: Column) -> Column:
    """Return the change from a former price in per cent."""
    return (F.col("price") / before - 1) * 100


def _over_days(aggregate: object, column: str, days: int, min_age: int) -> Column:
    """Return an aggregate over the last `days` calendar days, null where too few of them have a value."""
    frame = _series().rangeBetween(1 - days, 0)
    is_full = (F.count(column).over(frame) >= math.ceil(days * FULL_WINDOW)) & (F.col("age") >= min_age)
    return F.when(is_full, aggregate(column).over(frame))  # type: ignore[operator]


def _wilder_average(numbered: DataFrame, value: Column, name: str) -> DataFrame:
    keep = (RSI_CHANGES - 1) / RSI_CHANGES
    first = F.avg(value).over(_series().rowsBetween(1 - RSI_CHANGES, 0))
    part = F.when(F.col("i") == RSI_CHANGES, first).when(F.col("i") > RSI_CHANGES, value / RSI_CHANGES)
    scale = F.pow(F.lit(keep), F.col("i") - F.col("middle"))
    return numbered.withColumn("part", part / scale).withColumn(name, F.sum("part").over(_so_far()) * scale)
