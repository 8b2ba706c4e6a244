"""gold.coin_returns against pandas, and Wilder's index against his own recursion."""

from __future__ import annotations

import math
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from random import Random

import numpy as np
import pandas as pd
import pytest
from pyspark.sql import Row, SparkSession

from analysis.prices import drawdown, moving_average, volatility
from pipeline.stream.gold.coin_returns import to_coin_returns

START = date(2013, 4, 28)


def walk(days: int, seed: int = 7, missing: tuple[int, ...] = ()) -> pd.Series:
    """Return a random price for each day but the missing ones."""
    random, price, values = Random(seed), 100.0, {}
    for n in range(days):
        price *= math.exp(random.gauss(0, 0.05))
        if n not in missing:
            values[pd.Timestamp(START + timedelta(days=n))] = round(price, 6)
    return pd.Series(values)


def computed(spark: SparkSession, **coins: pd.Series) -> dict[str, pd.DataFrame]:
    rows = [
        (coin, day.date(), Decimal(str(price)), "coingecko", day.to_pydatetime())
        for coin, series in coins.items()
        for day, price in series.items()
    ]
    schema = "coin string, day date, close decimal(38,18), source string, held_at timestamp_ntz"
    daily = spark.createDataFrame(rows, schema).coalesce(1)
    found: dict[str, list[Row]] = {coin: [] for coin in coins}
    for row in to_coin_returns(daily, 5).orderBy("coin", "day").collect():
        found[row["coin"]].append(row)
    return {
        coin: pd.DataFrame([row.asDict() for row in rows]).set_index(pd.DatetimeIndex([row["day"] for row in rows]))
        for coin, rows in found.items()
    }


def equal(ours: pd.Series, theirs: pd.Series) -> None:
    np.testing.assert_allclose(ours.astype("float64"), theirs.astype("float64"), rtol=1e-9, atol=1e-9, equal_nan=True)


def wilder(closes: list[float], n: int = 14) -> list[float]:
    changes = [after - before for before, after in pairwise(closes)]
    gains, losses = [max(c, 0.0) for c in changes], [max(-c, 0.0) for c in changes]
    gain, loss, found = sum(gains[:n]) / n, sum(losses[:n]) / n, [math.nan] * n
    for i in range(n, len(closes)):
        if i > n:
            gain, loss = (gain * (n - 1) + gains[i - 1]) / n, (loss * (n - 1) + losses[i - 1]) / n
        found.append(100 * gain / (gain + loss) if gain + loss else 50.0)
    return found


@pytest.mark.parametrize("missing", [(), (40, 41, 300, 301, 302, 303, 500)])
def test_all_columns_equal_pandas(spark: SparkSession, missing: tuple[int, ...]) -> None:
    price, other = walk(800, missing=missing), walk(50, seed=8)
    both = computed(spark, bitcoin=price, solana=other)
    for coin, series in (("bitcoin", price), ("solana", other)):
        ours, whole = both[coin], series.asfreq("D")
        for n in (1, 7, 30, 90, 365):
            equal(ours[f"return_{n}d_pct"], (whole / whole.shift(n) - 1).mul(100).reindex(series.index))
        equal(ours["return_since_start_pct"], (series / series.iloc[0] - 1) * 100)
        equal(ours["ma_30d"], moving_average(series, 30))
        equal(ours["ma_200d"], moving_average(series, 200))
        equal(ours["volatility_30d_pct"], volatility(series, 30))
        equal(ours["drawdown_pct"], drawdown(series))
        equal(ours["rsi_14"], pd.Series(wilder(list(series)), series.index))
        assert set(ours["revision"]) == {5}


def test_days_under_water_are_counted_from_the_last_high(spark: SparkSession) -> None:
    closes = [10, 12, 11, 12, 9, 8, 13]  # the second 12 is a high again
    series = pd.Series(map(float, closes), pd.date_range("2024-01-01", periods=7))
    ours = computed(spark, bitcoin=series)["bitcoin"]
    assert ours["days_under_water"].tolist() == [0, 0, 1, 0, 1, 2, 0]
    assert ours["drawdown_pct"].round(6).tolist() == [0, 0, -8.333333, 0, -25, -33.333333, 0]


def test_a_price_that_never_moves(spark: SparkSession) -> None:
    ours = computed(spark, tether=pd.Series(1.0, pd.date_range("2024-01-01", periods=40)))["tether"]
    last = ours.iloc[-1]
    assert (last["return_30d_pct"], last["volatility_30d_pct"], last["rsi_14"], last["drawdown_pct"]) == (0, 0, 50, 0)


def test_one_day_says_little(spark: SparkSession) -> None:
    ours = computed(spark, bitcoin=walk(1))["bitcoin"].iloc[0]
    assert (ours["return_since_start_pct"], ours["drawdown_pct"], ours["days_under_water"]) == (0, 0, 0)
    assert ours[["return_1d_pct", "ma_30d", "volatility_30d_pct", "rsi_14"]].isna().all()


def test_the_index_keeps_its_digits_over_half_a_century(spark: SparkSession) -> None:
    price = walk(19_000)
    equal(computed(spark, bitcoin=price)["bitcoin"]["rsi_14"], pd.Series(wilder(list(price)), price.index))


def test_later_prices_change_no_earlier_row(spark: SparkSession) -> None:
    price = walk(420)
    spiked = price.copy()
    spiked.iloc[400:] *= 1000
    before, after = (computed(spark, bitcoin=series)["bitcoin"].iloc[:400] for series in (price, spiked))
    pd.testing.assert_frame_equal(before, after, check_exact=True)
