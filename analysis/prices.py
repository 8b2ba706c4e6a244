"""What the charts show, calculated: one price a day and coin, and what follows from it.

Pure functions over pandas. A price series is a float Series in USD, indexed by UTC day, rising, without doubles. Days
without a price are left out, never filled in; each function says what a gap does to its result. Percentages are in
percent: 12.5 means 12.5 %.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pipeline.markets import SIMULATOR

DAYS_A_YEAR = 365  # coins trade every day of the year
FULL_WINDOW = 0.9  # share of a window's days that must have a price before it says anything
COMPARABLE_DAYS = 30  # with fewer days a coin is left out beside coins that have more


@dataclass(frozen=True, eq=False)  # frames do not compare to one truth value
class DailySeries:
    """One coin's price a day: `frame` is indexed by UTC day, with `price_usd` and the `source` it came from."""

    coin: str
    frame: pd.DataFrame

    @property
    def price(self) -> pd.Series[float]:
        """The price series in USD."""
        return self.frame["price_usd"]

    @property
    def sources(self) -> tuple[str, ...]:
        """The sources in use, that of the most days first."""
        return tuple(self.frame["source"].value_counts().index)

    @property
    def simulated(self) -> bool:
        """Whether these prices are simulated."""
        return SIMULATOR in self.sources


def daily_series(daily_prices: pd.DataFrame, coin: str) -> DailySeries:
    """Return one coin's prices; `daily_prices` has one row for each coin and day, as `Lake.daily_prices` returns it."""
    rows = daily_prices[daily_prices["coin"] == coin]
    frame = rows.set_index("day")[["price_usd", "source"]].sort_index()
    frame.index = pd.DatetimeIndex(frame.index)
    return DailySeries(coin, frame.astype({"price_usd": "float64"}))


def yearly_returns(price: pd.Series[float]) -> pd.DataFrame:
    """Return, indexed by year, `return_pct` and whether the year is `partial`.

    The last close of the year over the last close of the year before; the first year counts from its first price. A
    year that follows one without any price has no return. A partial year does not reach from January to December.
    """
    returns = _period_returns(price, "Y")
    partial = np.zeros(len(returns), dtype=bool)
    if len(price):
        first, last = _days(price)[[0, -1]]
        partial[0] |= first.dayofyear > 1
        partial[-1] |= (last.month, last.day) != (12, 31)
    years = pd.Index(pd.PeriodIndex(returns.index).year, name="year")
    return pd.DataFrame({"return_pct": returns.to_numpy(), "partial": partial}, index=years)


def monthly_returns(price: pd.Series[float]) -> pd.DataFrame:
    """Return the months' returns in percent: a row a year, a column a month (1 to 12).

    The last close of the month over the last close of the month before; the first month counts from its first price.
    A month without any price has no return, nor has the one after it.
    """
    returns = _period_returns(price, "M")
    period = pd.PeriodIndex(returns.index)
    by_month = returns.set_axis(pd.MultiIndex.from_arrays([period.year, period.month], names=["year", "month"]))
    return by_month.unstack("month").reindex(columns=pd.RangeIndex(1, 13, name="month"))


def drawdown(price: pd.Series[float]) -> pd.Series[float]:
    """Return how far each price lies below the highest one up to then, in percent: 0 at a high, else negative."""
    return price.div(price.cummax()).sub(1).mul(100)


def moving_average(price: pd.Series[float], days: int) -> pd.Series[float]:
    """Return the mean price of the last `days` calendar days; missing until the series is that old.

    Days without a price are left out of the mean; where more than a tenth of the window is missing, so is the mean.
    """
    means = price.rolling(f"{days}D", min_periods=enough(days)).mean()
    return means.where(age_in_days(price) >= days - 1)


def volatility(price: pd.Series[float], days: int = 30) -> pd.Series[float]:
    """Return the annualised volatility in percent: sample standard deviation of daily log returns, times sqrt(365).

    Over the returns of the last `days` calendar days; missing until there are that many, and where more than a tenth
    of them is missing. A change over a gap of several days is not a daily return and is left out.
    """
    spread = daily_log_returns(price).rolling(f"{days}D", min_periods=enough(days)).std(ddof=1)
    annualised: pd.Series[float] = spread * math.sqrt(DAYS_A_YEAR) * 100
    return annualised.where(age_in_days(price) >= days)


def daily_log_returns(price: pd.Series[float]) -> pd.Series[float]:
    """Return the natural logarithm of each price over the one of the day before; missing where that day is."""
    follows_a_day = _days(price).to_series().diff() == pd.Timedelta(days=1)
    logarithms = pd.Series(np.log(price.to_numpy()), index=price.index)
    return logarithms.diff().where(follows_a_day)


def comparable(coins: Sequence[DailySeries]) -> list[DailySeries]:
    """Return the coins with enough days to stand beside others; if none has, all that have a price.

    One coin that is polled since yesterday would cut the days that all share down to one.
    """
    return [s for s in coins if len(s.price) >= COMPARABLE_DAYS] or [s for s in coins if len(s.price)]


def rebased(prices: Mapping[str, pd.Series[float]]) -> pd.DataFrame:
    """Return the coins side by side, a column each, all 100 on the first day on which every one has a price.

    Coins without any price are left out; with no such day the frame has no rows.
    """
    table = pd.DataFrame({coin: price for coin, price in prices.items() if len(price)}).sort_index()
    common = table.dropna()
    if common.empty:
        return table.iloc[:0]
    start = common.index[0]
    return table.loc[start:].div(common.loc[start]).mul(100)


def age_in_days(price: pd.Series[float]) -> pd.Series[int]:
    """Return how many days each price is younger than the first."""
    return (_days(price).to_series() - _days(price).min()).dt.days


def enough(days: int) -> int:
    """Return how many of a window's days must have a price."""
    return math.ceil(days * FULL_WINDOW)


def _period_returns(price: pd.Series[float], frequency: str) -> pd.Series[float]:
    """Return the change over each calendar year (Y) or month (M) in percent, from the first period to the last."""
    closes = price.groupby(_days(price).to_period(frequency)).last()
    if closes.empty:
        return closes
    closes = closes.reindex(pd.period_range(closes.index[0], closes.index[-1], freq=frequency))
    before = closes.shift(1)
    before.iloc[0] = price.iloc[0]
    return (closes / before - 1) * 100


def _days(price: pd.Series[float]) -> pd.DatetimeIndex:
    return pd.DatetimeIndex(price.index)
