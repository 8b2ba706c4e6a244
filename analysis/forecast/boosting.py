"""Gradient boosting by scikit-learn: on lagged returns, and on nothing but the calendar."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis.forecast.features import LAGS, calendar, lagged
from analysis.forecast.model import Untuned, Vector, days_after, frame, logs

CUTS = 8  # earlier forecasts whose errors make the interval
LEAST_DAYS = 45  # of history before the earliest of them

Path = Callable[["pd.Series[float]", int], Vector]


@dataclass(frozen=True)
class BoostedLags(Untuned):
    """Trees that see the last seven daily log returns and say the next one, step by step on their own output."""

    name: str = "gbt_lags"

    def forecast(self, history: pd.Series[float], horizon: int, level: float) -> pd.DataFrame:
        """Return the forecast, with an interval from earlier errors."""
        return _with_interval(_path_by_lags, history, horizon, level)


@dataclass(frozen=True)
class BoostedCalendar(Untuned):
    """Trees that see timestamp, hour and weekday and say the log price.

    Trees do not extrapolate: every day to come gets about the price of the newest leaves. Kept to show that.
    """

    name: str = "gbt_calendar"

    def forecast(self, history: pd.Series[float], horizon: int, level: float) -> pd.DataFrame:
        """Return the forecast, with an interval from earlier errors."""
        return _with_interval(_path_by_calendar, history, horizon, level)


def _path_by_lags(history: pd.Series[float], horizon: int) -> Vector:
    price = logs(history)
    returns = np.diff(price)
    trees = _fitted(lagged(returns)[:-1], returns[LAGS:])
    recent = returns[-LAGS:]
    ahead = []
    for _ in range(horizon):
        ahead.append(_said(trees, recent[None, :])[0])
        recent = np.append(recent[1:], ahead[-1])
    return np.asarray(price[-1] + np.cumsum(ahead))


def _path_by_calendar(history: pd.Series[float], horizon: int) -> Vector:
    trees = _fitted(calendar(pd.DatetimeIndex(history.index)), logs(history))
    return _said(trees, calendar(days_after(history, horizon)))


def _with_interval(path: Path, history: pd.Series[float], horizon: int, level: float) -> pd.DataFrame:
    """Return the forecast of log prices in USD.

    The same model forecasts from some earlier days of the history, too. Each error there, divided by the square root
    of its step, is one of a sample, whose quantile at `level` times that root is the interval's half width.
    """
    step = np.sqrt(np.arange(1, horizon + 1))
    errors = []
    for back in range(horizon, CUTS * horizon + 1, horizon):
        earlier, later = history.iloc[:-back], history.iloc[len(history) - back :][:horizon]
        if len(earlier) >= LEAST_DAYS:
            errors.append(np.abs(logs(later) - path(earlier, horizon)) / step)
    mean = path(history, horizon)
    width = np.quantile(np.concatenate(errors), level) * step
    return frame(days_after(history, horizon), np.exp(mean), np.exp(mean - width), np.exp(mean + width))


def _fitted(features: Vector, target: Vector) -> Any:  # noqa: ANN401  # scikit-learn ships no types
    """Return fitted trees. One thread: bit-equal on every machine, and threads only spin on so few rows."""
    from sklearn.ensemble import HistGradientBoostingRegressor
    from threadpoolctl import threadpool_limits

    trees = HistGradientBoostingRegressor(
        max_iter=100, learning_rate=0.05, max_leaf_nodes=8, early_stopping=False, random_state=0
    )
    with threadpool_limits(1):
        return trees.fit(features, target)


def _said(trees: Any, features: Vector) -> Vector:  # noqa: ANN401
    from threadpoolctl import threadpool_limits

    with threadpool_limits(1):
        return np.asarray(trees.predict(features), dtype=np.float64)
