"""What all models have in common: one interface, and the shape of a forecast.

A history is a float Series with one value for every UTC day, rising and without gaps: a price in USD, or the realised
volatility of a day. A model sees nothing but the history that it is given: what lies after its last day cannot enter.
"""

from __future__ import annotations

from statistics import NormalDist
from typing import Any, Protocol, Self

import numpy as np
import numpy.typing as npt
import pandas as pd

Vector = npt.NDArray[np.floating[Any]]


class Model(Protocol):
    """Forecasts the days after a history."""

    @property
    def name(self) -> str:
        """The name by which the model is asked for and listed."""

    def tuned(self, history: pd.Series[float]) -> Model:
        """Return the model with all that is chosen once a run, such as an order; `history` ends at the first origin."""

    def forecast(self, history: pd.Series[float], horizon: int, level: float) -> pd.DataFrame:
        """Return `value`, `lower` and `upper`, indexed by the `horizon` days after the history.

        The interval is meant to hold the share `level` of the outcomes, such as 0.9.
        """


class Untuned:
    """Base of the models that choose nothing once a run."""

    def tuned(self, history: pd.Series[float]) -> Self:  # noqa: ARG002  # the interface's
        """Return the model itself."""
        return self


def days_after(history: pd.Series[float], horizon: int) -> pd.DatetimeIndex:
    """Return the `horizon` days after the history's last one."""
    return pd.date_range(history.index[-1], periods=horizon + 1, freq="D", name="target_day")[1:]


def frame(days: pd.DatetimeIndex, value: Vector, lower: Vector, upper: Vector) -> pd.DataFrame:
    """Return a forecast in the shape that `Model.forecast` promises."""
    return pd.DataFrame({"value": value, "lower": lower, "upper": upper}, index=days)


def quantile_of_normal(level: float) -> float:
    """Return how many standard deviations to each side hold the share `level`: 1.645 for 0.9."""
    return NormalDist().inv_cdf(0.5 + level / 2)


def logs(price: pd.Series[float]) -> Vector:
    """Return the natural logarithms of prices; their differences are the daily log returns."""
    return np.log(price.to_numpy(dtype=np.float64))


def from_logs(days: pd.DatetimeIndex, mean: Vector, spread: Vector, level: float) -> pd.DataFrame:
    """Return the forecast in USD from the mean and standard deviation of the log price: the value is the median."""
    width = quantile_of_normal(level) * spread
    return frame(days, np.exp(mean), np.exp(mean - width), np.exp(mean + width))
