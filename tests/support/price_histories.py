"""Made-up histories of daily prices: a random walk, and one whose calm and wild days cluster."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.prices import DailySeries

START = "2020-01-01"


def daily(values: object, start: str = START) -> pd.Series[float]:
    """Return one value a day from `start` on."""
    array = np.asarray(values, dtype=np.float64)
    return pd.Series(array, index=pd.date_range(start, periods=len(array), name="day"))


def random_walk(days: int, seed: int = 7) -> pd.Series[float]:
    """Return prices whose log returns are independent: no model can do better than the last price."""
    returns = np.random.default_rng(seed).normal(0, 0.03, days)
    return daily(100 * np.exp(np.cumsum(returns)))


def garch_returns(days: int, seed: int = 7) -> np.ndarray:
    """Return log returns of a GARCH(1,1) whose variance is 9e-4 a day in the long run."""
    noise = np.random.default_rng(seed).normal(size=days)
    returns = np.empty(days)
    variance = 9e-4
    for day in range(days):
        returns[day] = np.sqrt(variance) * noise[day]
        variance = 1.8e-5 + 0.15 * returns[day] ** 2 + 0.83 * variance
    return returns


def clustered(days: int, seed: int = 7) -> pd.Series[float]:
    """Return prices whose volatility can be forecast, and whose direction cannot."""
    return daily(100 * np.exp(np.cumsum(garch_returns(days, seed))))


def series(price: pd.Series[float], source: str = "coingecko", coin: str = "bitcoin") -> DailySeries:
    """Return prices as those of a coin from one source."""
    return DailySeries(coin, pd.DataFrame({"price_usd": price, "source": source}))
