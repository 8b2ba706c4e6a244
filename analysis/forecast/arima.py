"""ARIMA by statsmodels on log prices; the order is chosen once a run, by AIC over a small grid."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from analysis.forecast.model import Vector, days_after, from_logs, logs

Order = tuple[int, int, int]

# Log prices are differenced once: AICs of different d do not compare, and coins' log returns need no second difference.
ORDERS: tuple[Order, ...] = tuple((p, 1, q) for p in range(3) for q in range(3))
# The likelihood of the differenced series by the innovations algorithm (Brockwell and Davis, section 8.7): the same
# maximum as by the Kalman filter, the default, in a seventh of its time; that stops short of it for ARIMA(2,1,2).
METHOD = "innovations_mle"


@dataclass(frozen=True)
class Arima:
    """ARIMA of a given order, without a constant; without an order, of that which suits the history best."""

    order: Order | None = None
    name: str = "arima"

    def tuned(self, history: pd.Series[float]) -> Arima:
        """Return the model with the order of the lowest AIC on this history."""
        return self if self.order else replace(self, order=best_order(logs(history)))

    def forecast(self, history: pd.Series[float], horizon: int, level: float) -> pd.DataFrame:
        """Return the forecast of parameters fitted to the whole history."""
        price = logs(history)
        ahead = fitted(price, self.order or best_order(price)).get_forecast(horizon)
        mean, spread = np.asarray(ahead.predicted_mean), np.asarray(ahead.se_mean)
        return from_logs(days_after(history, horizon), mean, spread, level)


def best_order(price: Vector) -> Order:
    """Return the order of the lowest AIC on log prices; of equals, that with the fewest terms."""
    return min(ORDERS, key=lambda order: (_aic(price, order), sum(order)))


def fitted(price: Vector, order: Order) -> Any:  # noqa: ANN401  # statsmodels ships no types
    """Return statsmodels' results for log prices. One thread: on so few rows those of BLAS only wait for each other."""
    from statsmodels.tsa.arima.model import ARIMA
    from threadpoolctl import threadpool_limits

    model = ARIMA(price, order=order)
    with warnings.catch_warnings(), threadpool_limits(1):
        # Of differencing, which d = 1 asks for, and of poor first guesses and maxima: the AIC judges those.
        warnings.simplefilter("ignore", UserWarning)
        try:
            return model.fit(method=METHOD)
        except ValueError:  # its first guess is not stationary
            return model.fit()


def _aic(price: Vector, order: Order) -> float:
    aic = float(fitted(price, order).aic)
    return round(aic, 6) if math.isfinite(aic) else math.inf
