"""Models that choose their own form, by statsforecast, on log prices: AutoARIMA and exponential smoothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from analysis.forecast.model import Untuned, days_after, frame, logs


@dataclass(frozen=True)
class AutoArima(Untuned):
    """AutoARIMA after Hyndman and Khandakar: a stepwise search for the order, at each origin again; no season."""

    name: str = "auto_arima"

    def forecast(self, history: pd.Series[float], horizon: int, level: float) -> pd.DataFrame:
        """Return statsforecast's forecast."""
        from statsforecast.models import AutoARIMA

        return _forecast(AutoARIMA(season_length=1), history, horizon, level)


@dataclass(frozen=True)
class Ets(Untuned):
    """Exponential smoothing with additive errors; the trend is chosen by AICc at each origin.

    Multiplicative errors would have their intervals simulated, so that two runs would differ.
    """

    name: str = "ets"

    def forecast(self, history: pd.Series[float], horizon: int, level: float) -> pd.DataFrame:
        """Return statsforecast's forecast."""
        from statsforecast.models import AutoETS

        return _forecast(AutoETS(season_length=1, model="AZN"), history, horizon, level)


def _forecast(model: Any, history: pd.Series[float], horizon: int, level: float) -> pd.DataFrame:  # noqa: ANN401
    percent = 100 * level
    found = model.forecast(y=logs(history), h=horizon, level=[percent])
    value, lower, upper = (np.exp(np.asarray(found[key])) for key in ("mean", f"lo-{percent}", f"hi-{percent}"))
    return frame(days_after(history, horizon), value, lower, upper)
