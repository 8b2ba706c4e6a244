"""Realised volatility: how much a price moved on each UTC day, from its returns within the day or from the daily one.

A fraction: 0.03 is 3 % a day. It is not annualised.
"""

from __future__ import annotations

import pandas as pd

from analysis.forecast.model import logs
from analysis.prices import daily_log_returns


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
