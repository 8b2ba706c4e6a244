"""What if: a fixed sum in USD put into a coin every month, against the whole of it at the start.

Fees, spreads and taxes are ignored. Price series are as `prices` describes them.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.prices import DAYS_A_YEAR

COLUMNS = ("paid_usd", "value_usd", "lump_usd")
HALVINGS = 100  # of an interval that holds the rate: far below what a float can tell apart
LARGEST_EXPONENT = 600.0  # e to that power is still a float


def payment_days(price: pd.Series[float]) -> pd.DatetimeIndex:
    """Return the days of payment: the first of each month, or the next day that month which has a price.

    The first one is the first of a month on or after the first price. A month without any price has no payment.
    """
    if price.empty:
        return pd.DatetimeIndex([])
    days = pd.DatetimeIndex(price.index)
    due = pd.date_range(days[0], days[-1], freq="MS")
    found = days[days.searchsorted(due)]
    return found[found.to_period("M") == due.to_period("M")]


def monthly_saving(price: pd.Series[float], monthly_usd: float) -> pd.DataFrame:
    """Return, by day from the first payment on, `paid_usd`, `value_usd` and `lump_usd`, all in USD.

    Each payment buys at that day's close. `lump_usd` is the value of the sum of all payments, had it been paid at once
    with the first. Without a payment there are no rows.
    """
    days = payment_days(price)
    if days.empty:
        return pd.DataFrame(columns=list(COLUMNS), index=days, dtype="float64")
    kept = price.loc[days[0] :]
    paid = pd.Series(monthly_usd, index=days).cumsum()
    coins = (monthly_usd / price.loc[days]).cumsum()
    return pd.DataFrame(
        {
            "paid_usd": paid.reindex(kept.index, method="ffill"),
            "value_usd": coins.reindex(kept.index, method="ffill") * kept,
            "lump_usd": paid.iloc[-1] * kept / kept.iloc[0],
        }
    )


def payments(saving: pd.DataFrame) -> pd.Series[float]:
    """Return the payments of `monthly_saving` by day."""
    paid = saving["paid_usd"].diff().fillna(saving["paid_usd"])
    return paid[paid > 0]


def money_weighted_pct(paid: pd.Series[float], value: float, end: pd.Timestamp) -> float:
    """Return the yearly interest in percent at which the payments would have grown to `value` at `end`.

    The internal rate of return, a year being 365 days; for one payment it is the yearly growth. Missing if the first
    payment is less than a year old: what a few days gave says nothing of a year.
    """
    ages = -(pd.DatetimeIndex(paid.index) - end)
    years = (ages / pd.Timedelta(days=DAYS_A_YEAR)).to_numpy(dtype=float)
    if not len(years) or years.max() < 1:
        return float("nan")
    sums = paid.to_numpy()
    low, high = -LARGEST_EXPONENT / years.max(), LARGEST_EXPONENT / years.max()
    for _ in range(HALVINGS):  # the grown sum rises with the rate, which is continuous: its sign change is the rate
        middle = (low + high) / 2
        too_high = (sums * np.exp(middle * years)).sum() > value
        low, high = (low, middle) if too_high else (middle, high)
    return float(np.expm1(low) * 100)
