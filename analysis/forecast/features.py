"""What the boosted trees see: each row is made of its own day and of days before it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.forecast.model import Vector

LAGS = 7


def lagged(returns: Vector, lags: int = LAGS) -> Vector:
    """Return a row for each day that has `lags` returns up to it, itself included, the newest last."""
    return np.lib.stride_tricks.sliding_window_view(returns, lags)


def calendar(times: pd.DatetimeIndex) -> Vector:
    """Return seconds since 1970, hour and weekday (Monday is 0) of each time, as UTC."""
    seconds = (times - pd.Timestamp(0)) / pd.Timedelta(seconds=1)
    return np.column_stack([seconds, times.hour, times.dayofweek]).astype(np.float64)
