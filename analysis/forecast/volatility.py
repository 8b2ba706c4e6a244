"""Models of realised volatility. Each forecasts the variance it expects, and returns its root.

Under QLIKE the best forecast is the expected variance, even where what is measured is noisy (Patton 2011).
The intervals hold the ratios of outcome and forecast that the model had within its history.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.forecast.model import Untuned, Vector, days_after, frame

WEEK, MONTH = 7, 30  # coins trade every day


@dataclass(frozen=True)
class NaiveVolatility(Untuned):
    """The last week's volatility holds: the root of the mean variance of its days.

    One day alone would be no fair baseline: its single return may be next to nothing.
    """

    name: str = "naive"

    def forecast(self, history: pd.Series[float], horizon: int, level: float) -> pd.DataFrame:
        """Return the same value for every day."""
        values = history.to_numpy(dtype=np.float64)
        weekly = np.sqrt(_means(values**2, WEEK))
        ratios = _ratios(values[WEEK:], weekly[WEEK - 1 : -1])
        bounds = np.quantile(ratios, _tails(level))
        days = days_after(history, horizon)
        return frame(days, *(np.full(horizon, weekly[-1] * factor) for factor in (1.0, *bounds)))


@dataclass(frozen=True)
class Har(Untuned):
    """Corsi's heterogeneous autoregression (2009), one regression by least squares for each step.

    Regressors are the volatility of the last day, week and month. A factor then makes the squared fit right on average.
    """

    name: str = "har"

    def forecast(self, history: pd.Series[float], horizon: int, level: float) -> pd.DataFrame:
        """Return a direct forecast of each step."""
        values = history.to_numpy(dtype=np.float64)
        regressors = har_regressors(values)
        steps = [_har_step(values[MONTH - 1 :], regressors, step, level) for step in range(1, horizon + 1)]
        return frame(days_after(history, horizon), *np.array(steps).T)


@dataclass(frozen=True)
class Garch(Untuned):
    """GARCH(1,1) with zero mean and normal errors, by `arch`.

    It sees squared returns alone, so a daily return's size serves as well as the return; with intraday data the same
    recursion runs on realised variance.
    """

    name: str = "garch"

    def forecast(self, history: pd.Series[float], horizon: int, level: float) -> pd.DataFrame:
        """Return the root of the expected variance of each day."""
        from arch import arch_model

        percent = 100 * history.to_numpy(dtype=np.float64)  # the optimiser wants numbers near 1
        fit = arch_model(percent, mean="Zero", vol="GARCH", p=1, q=1, rescale=False).fit(disp="off", show_warning=False)
        variance = fit.forecast(horizon=horizon, reindex=False).variance.to_numpy()[0]
        bounds = np.quantile(_ratios(percent, np.asarray(fit.conditional_volatility)), _tails(level))
        value = np.sqrt(variance) / 100
        return frame(days_after(history, horizon), value, value * bounds[0], value * bounds[1])


def har_regressors(values: Vector) -> Vector:
    """Return, for each day from the 30th on, 1 and the mean volatility of the day, week and month up to it."""
    means = [_means(values, days)[MONTH - 1 :] for days in (1, WEEK, MONTH)]
    return np.column_stack([np.ones(len(means[0])), *means])


def _har_step(values: Vector, regressors: Vector, step: int, level: float) -> tuple[float, float, float]:
    """Return value, lower and upper of one step; the rows of `values` and `regressors` are the same days."""
    seen, outcome = regressors[:-step], values[step:]
    weights = np.linalg.lstsq(seen, outcome)[0]
    least = 0.1 * outcome.mean()  # a regression may go below zero, a volatility may not
    fits = np.maximum(seen @ weights, least)
    factor = np.sqrt(np.mean((outcome / fits) ** 2))  # QLIKE's best factor
    value = float(factor * max(regressors[-1] @ weights, least))
    lower, upper = np.quantile(outcome / (factor * fits), _tails(level))
    return value, value * lower, value * upper


def _means(values: Vector, days: int) -> Vector:
    """Return the mean over `days` up to each day; missing until there are that many."""
    return pd.Series(values).rolling(days).mean().to_numpy(dtype=np.float64)


def _ratios(outcome: Vector, forecast: Vector) -> Vector:
    """Return outcome over forecast where the forecast is not zero; 1 where it always is."""
    usable = forecast > 0
    return outcome[usable] / forecast[usable] if usable.any() else np.ones(1)


def _tails(level: float) -> tuple[float, float]:
    return (1 - level) / 2, (1 + level) / 2
