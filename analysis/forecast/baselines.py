"""The baselines that a model of prices has to beat: the last price, and the last price with the mean drift."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.forecast.model import Untuned, days_after, frame, from_logs, logs, quantile_of_normal


@dataclass(frozen=True)
class Naive(Untuned):
    """A random walk: the last price holds.

    The interval is that of log prices: the root mean square of daily log returns, times the square root of the step.
    """

    name: str = "naive"

    def forecast(self, history: pd.Series[float], horizon: int, level: float) -> pd.DataFrame:
        """Return the last price for every day."""
        residuals = np.diff(logs(history))
        width = quantile_of_normal(level) * np.sqrt(np.mean(residuals**2) * np.arange(1, horizon + 1))
        last = np.full(horizon, float(history.iloc[-1]))
        return frame(days_after(history, horizon), last, last * np.exp(-width), last * np.exp(width))


@dataclass(frozen=True)
class Drift(Untuned):
    """A random walk with drift: the mean daily log return continues.

    The interval also widens with the error of that mean: Hyndman and Athanasopoulos, section 5.5, h * (1 + h / n).
    """

    name: str = "drift"

    def forecast(self, history: pd.Series[float], horizon: int, level: float) -> pd.DataFrame:
        """Return the last price, moved by the mean return a day."""
        price = logs(history)
        returns = np.diff(price)
        step = np.arange(1, horizon + 1)
        spread = returns.std() * np.sqrt(step * (1 + step / len(returns)))
        return from_logs(days_after(history, horizon), price[-1] + returns.mean() * step, spread, level)
