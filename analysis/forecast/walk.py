"""Walk-forward evaluation: at each origin a model sees all days up to it, and forecasts those after it.

The window expands from origin to origin. What a model chooses once a run it chooses on the days up to the first origin.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.forecast.errors import HistoryError, ModelError, PlanError
from analysis.forecast.model import Model

LEAST_ORIGINS = 8  # with fewer, the bootstrap's interval means nothing
LEAST_TRAINING = 60  # days that every model has before the first origin, besides the horizon


@dataclass(frozen=True)
class Walk:
    """From which days how many days ahead; `level` is the share of outcomes that an interval should hold."""

    origins: pd.DatetimeIndex
    horizon: int
    level: float


def days_needed(count: int, horizon: int, step: int) -> int:
    """Return how many days of history so many origins `step` days apart need."""
    return LEAST_TRAINING + horizon + step * (count - 1) + horizon


def origins_of(history: pd.Series[float], count: int, horizon: int, step: int) -> pd.DatetimeIndex:
    """Return the `count` last origins of which the whole horizon is known, `step` days apart.

    Raises:
        PlanError: the history is too short for that, or a number makes no sense.
        HistoryError: the value never changed up to the first origin.
    """
    if min(horizon, step) < 1:
        raise PlanError(f"a horizon of {horizon} days with origins {step} days apart", "1 day or more")
    if count < LEAST_ORIGINS:
        raise PlanError(f"{count} origins", f"{LEAST_ORIGINS} or more, else no skill can be told from chance")
    needed = days_needed(count, horizon, step)
    if len(history) < needed:
        terms = f"{count} origins {step} days apart with a horizon of {horizon} days"
        raise PlanError(f"{len(history)} days of history", f"{needed} or more for {terms}")
    last = len(history) - 1 - horizon
    origins = pd.DatetimeIndex(history.index[[last - step * back for back in reversed(range(count))]])
    if history.loc[: origins[0]].nunique() == 1:
        raise HistoryError("the history", f"it never changed up to the first origin, {origins[0]:%Y-%m-%d}")
    return origins


def walk_forward(model: Model, history: pd.Series[float], walk: Walk) -> pd.DataFrame:
    """Return a row for each origin and step: `origin, horizon, target_day, value, lower, upper`.

    Raises:
        ModelError: the model failed on a history; the message names it and the origin.
    """
    tuned = model.tuned(history.loc[: walk.origins[0]])
    return pd.concat([_from(tuned, history.loc[:origin], walk) for origin in walk.origins], ignore_index=True)


def _from(model: Model, history: pd.Series[float], walk: Walk) -> pd.DataFrame:
    origin = history.index[-1]
    try:
        found = model.forecast(history, walk.horizon, walk.level)
    except (ValueError, ArithmeticError, np.linalg.LinAlgError) as error:
        raise ModelError(model.name, f"{origin:%Y-%m-%d}", str(error)) from error
    if not np.isfinite(found).all(axis=None):
        raise ModelError(model.name, f"{origin:%Y-%m-%d}", "the forecast is not finite")
    rows = found.rename_axis("target_day").reset_index()
    return rows.assign(origin=origin, horizon=np.arange(1, walk.horizon + 1))[
        ["origin", "horizon", "target_day", "value", "lower", "upper"]
    ]
