"""Returns, looked at closer than in `prices`: extreme days, the rolling Sharpe ratio, all coins' years side by side.

Pure functions over price series as `prices` describes them; percentages are in percent.
"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from analysis.prices import DAYS_A_YEAR, age_in_days, daily_log_returns, enough

NO_SPREAD = 1e-9  # a standard deviation below it is rounding: no price is that steady


def daily_returns(price: pd.Series[float]) -> pd.Series[float]:
    """Return each price's simple return over the day before, as a fraction; missing where that day is."""
    return daily_log_returns(price).map(np.expm1)


def extreme_days(price: pd.Series[float], most: int = 10) -> pd.DataFrame:
    """Return the days of the largest rises, then those of the deepest falls: `day, return_pct, close_before, close`.

    At most so many of each, sorted from the largest rise to the deepest fall. A day without a change is neither, and a
    change over a gap of several days is no day's return.
    """
    returns = daily_returns(price)
    days = pd.DataFrame(
        {"day": price.index, "return_pct": returns * 100, "close_before": price.shift(1), "close": price}
    )
    rises = days[days["return_pct"] > 0].nlargest(most, "return_pct")
    falls = days[days["return_pct"] < 0].nsmallest(most, "return_pct")
    return pd.concat([rises, falls.iloc[::-1]], ignore_index=True)


def rolling_sharpe(price: pd.Series[float], days: int = 365) -> pd.Series[float]:
    """Return the annualised Sharpe ratio: mean over sample standard deviation of daily simple returns, times sqrt(365).

    No risk-free rate is deducted. Over the returns of the last `days` calendar days; missing until there are that many,
    where more than a tenth of them is missing, and where the price did not move. After W. F. Sharpe, "The Sharpe Ratio"
    (1994).
    """
    window = daily_returns(price).rolling(f"{days}D", min_periods=max(2, enough(days)))
    spread = window.std(ddof=1)
    ratio: pd.Series[float] = window.mean() / spread.where(spread > NO_SPREAD) * math.sqrt(DAYS_A_YEAR)
    return ratio.where(age_in_days(price) >= days)


def by_coin_and_year(yearly: pd.DataFrame, column: str) -> pd.DataFrame:
    """Return a column of `Lake.yearly_returns`, a row a coin, the longest past first; a column a year."""
    if yearly.empty:
        return pd.DataFrame()
    first_years = yearly.groupby("coin")["year"].min()
    coins = sorted(first_years.index, key=lambda coin: (first_years[coin], coin))
    years = range(first_years.min(), yearly["year"].max() + 1)
    return yearly.set_index(["coin", "year"])[column].unstack("year").reindex(index=coins, columns=years)
