"""Realised volatility: how much a price moved on each UTC day, from its returns within the day or from the daily one.

A fraction: 0.03 is 3 % a day. It is not annualised.
"""

from __future__ import annotations

import pandas as pd

from analysis.forecast.history import MOST_CARRIED
from analysis.forecast.model import logs
from analysis.prices import DailySeries, daily_log_returns
from pipeline.markets import SIMULATOR


def from_daily(price: pd.Series[float]) -> pd.Series[float]:
    """Return the size of each daily log return: one return a day, so a noisy measure, though right on average.

    A day without a price on the day before it has none.
    """
    return daily_log_returns(price).abs().dropna()


def from_intraday(price: pd.Series[float]) -> pd.Series[float]:
    """Return the root of the sum of squared log returns of each UTC day; `price` is indexed by rising UTC times.

    The first return of a day is the one from the last price before it. Days without a price have no value.
    """
    squared = pd.Series(logs(price), index=price.index).diff().pow(2)
    days = pd.DatetimeIndex(price.index).floor("D").rename("day")
    variance: pd.Series[float] = squared.groupby(days).sum(min_count=1)
    return variance.pow(0.5).dropna()


def of_minutes(rows: pd.DataFrame, series: DailySeries, needed: int) -> pd.Series[float] | None:
    """Return the volatility by day that the lake's minutes give, None where daily returns have to serve.

    `rows` are those of `Lake.realised_volatility`. They serve if they are of the market that `series` is of, simulated
    or not, if they reach its last day or the day before, and if `needed` days up to there hold no long gap. Of several
    products the one with the most such days is taken.
    """
    if rows.empty or series.price.empty:
        return None
    usable = rows[(rows["realised_volatility"] > 0) & ((rows["source"] == SIMULATOR) == series.simulated)]
    found = [_without_long_gaps(part) for _, part in usable.groupby("product_id")]
    last = series.price.index[-1] - pd.Timedelta(days=1)
    enough = [days for days in found if days.index[-1] >= last and _span(days) >= needed]
    return max(enough, key=len, default=None)


def _without_long_gaps(rows: pd.DataFrame) -> pd.Series[float]:
    """Return the values since the last gap that `daily_history` would refuse, indexed by day."""
    days = pd.DatetimeIndex(rows["day"], name="day")
    values = pd.Series(rows["realised_volatility"].to_numpy(dtype="float64"), index=days).sort_index()
    steps = values.index.to_series().diff()
    long = steps[steps > pd.Timedelta(days=MOST_CARRIED + 1)]
    return values if long.empty else values.loc[long.index[-1] :]


def _span(days: pd.Series[float]) -> int:
    return int((days.index[-1] - days.index[0]).days) + 1
