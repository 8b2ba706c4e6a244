"""How far forecasts were from what happened: the losses of each origin, and their means."""

from __future__ import annotations

import numpy as np
import pandas as pd

LEAST_VOLATILITY = 1e-4  # 0.01 % a day: a day without any move would make QLIKE infinite


def losses(forecasts: pd.DataFrame, history: pd.Series[float]) -> pd.DataFrame:
    """Return, for each origin, the means over its days of `absolute, squared, scaled, covered, qlike`.

    `forecasts` has the `actual` of each row; rows without one do not count. Errors are scaled by the mean absolute
    change from day to day up to the origin (MASE, Hyndman and Koehler 2006). `qlike` makes sense for volatility alone.
    """
    rows = forecasts.dropna(subset=["actual"])
    error = (rows["actual"] - rows["value"]).abs()
    scale = history.diff().abs().expanding().mean()
    table = pd.DataFrame(
        {
            "origin": rows["origin"],
            "absolute": error,
            "squared": error**2,
            "scaled": error / rows["origin"].map(scale),
            "covered": rows["actual"].between(rows["lower"], rows["upper"]).astype("float64"),
            "qlike": qlike(rows["actual"], rows["value"]),
        }
    )
    return table.groupby("origin").mean()


def qlike(actual: pd.Series[float], forecast: pd.Series[float]) -> pd.Series[float]:
    """Return s/f - ln(s/f) - 1 for the variances s and f, the squares of two volatilities; 0 where they agree."""
    ratio = (actual.clip(lower=LEAST_VOLATILITY) / forecast.clip(lower=LEAST_VOLATILITY)) ** 2
    return ratio - np.log(ratio) - 1


def means(by_origin: pd.DataFrame) -> dict[str, float]:
    """Return MAE, RMSE, MASE, coverage and QLIKE over all origins, each origin counting the same."""
    mean = by_origin.mean()
    return {
        "mae": float(mean["absolute"]),
        "rmse": float(np.sqrt(mean["squared"])),
        "mase": float(mean["scaled"]),
        "coverage": float(mean["covered"]),
        "qlike": float(mean["qlike"]),
    }
