"""Evaluate models on a coin: walk forward over its past, score, and forecast the days after its last price."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd

from analysis.forecast import realised
from analysis.forecast.catalog import NAIVE, NAMES, chosen
from analysis.forecast.history import daily_history
from analysis.forecast.model import Model
from analysis.forecast.results import Results, Run, results
from analysis.forecast.scores import losses, means
from analysis.forecast.skill import block_length, skill
from analysis.forecast.walk import Walk, days_needed, origins_of, walk_forward
from analysis.prices import DailySeries
from pipeline.tables.forecasts import CLOSE_USD, REALISED_VOLATILITY

LOSS = {CLOSE_USD: "absolute", REALISED_VOLATILITY: "qlike"}
"""What the skill of each target is computed from."""


@dataclass(frozen=True)
class Plan:
    """What to evaluate: how many days ahead, from how many origins `step` days apart, by which models."""

    horizon: int = 14
    origins: int = 30
    models: Sequence[str] = NAMES
    level: float = 0.9
    step: int | None = None  # days; None: one horizon, so that no day is forecast twice
    seed: int = 1  # of the bootstrap

    @property
    def apart(self) -> int:
        """The days between two origins."""
        return self.horizon if self.step is None else self.step

    @property
    def days_needed(self) -> int:
        """The days of history without which there are no such origins."""
        return days_needed(self.origins, self.horizon, self.apart)


@dataclass(frozen=True, eq=False)
class Target:
    """What is forecast: a value for every day, and the values that were really observed, to score against."""

    name: str
    history: pd.Series[float]
    observed: pd.Series[float]


def evaluate(
    series: DailySeries, plan: Plan, run: Run | None = None, volatility: pd.Series[float] | None = None
) -> Results:
    """Return forecasts and scores of a coin.

    `volatility` is its realised volatility by day, where it is known from within the days; else that of daily returns.

    Raises:
        HistoryError: the prices cannot be forecast.
        PlanError: they are too few for the plan, or the plan makes no sense.
        UnknownModelError: the plan names a model that does not exist.
        ModelError: a model failed.
    """
    models = chosen(plan.models)
    parts = [_evaluated(target, models[target.name], plan) for target in _targets(series, volatility)]
    forecasts, scores = (pd.concat(frames, ignore_index=True) for frames in zip(*parts, strict=True))
    return results(run or Run(), series.coin, forecasts, scores)


def _targets(series: DailySeries, volatility: pd.Series[float] | None) -> list[Target]:
    price = daily_history(series.price, series.coin)
    if volatility is None:
        moves, seen = realised.from_daily(price), realised.from_daily(series.price)
    else:
        moves, seen = volatility.asfreq("D").ffill(), volatility
    return [Target(CLOSE_USD, price, series.price), Target(REALISED_VOLATILITY, moves, seen)]


def _evaluated(target: Target, models: Sequence[Model], plan: Plan) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the target's forecasts, those of the days to come among them, and its scores."""
    history = target.history
    origins = origins_of(history, plan.origins, plan.horizon, plan.apart)
    last = pd.DatetimeIndex([history.index[-1]])
    walk = Walk(pd.DatetimeIndex(origins.append(last)), plan.horizon, plan.level)
    forecasts = {}
    for model in models:
        rows = walk_forward(model, history, walk)
        actual = rows["target_day"].map(target.observed)
        forecasts[model.name] = rows.assign(target=target.name, model=model.name, level=plan.level, actual=actual)
    return pd.concat(forecasts.values()), _scores(target, forecasts, plan)


def _scores(target: Target, forecasts: Mapping[str, pd.DataFrame], plan: Plan) -> pd.DataFrame:
    """Return a row for each model; all were scored on the same days."""
    by_origin = {name: losses(rows, target.history) for name, rows in forecasts.items()}
    loss = {name: table[LOSS[target.name]].to_numpy() for name, table in by_origin.items()}
    block = block_length(plan.origins, plan.horizon, plan.apart)
    rows = []
    for name, table in by_origin.items():
        found = skill(loss[name], loss[NAIVE], block, plan.seed)
        row = {"target": target.name, "model": name, "horizon": plan.horizon, "origins": len(table), **means(table)}
        bounds = {"skill": found.value, "skill_lower": found.lower, "skill_upper": found.upper}
        rows.append({**row, **bounds, "beats_naive": found.beats_naive, "verdict": found.verdict})
    scores = pd.DataFrame(rows)
    return scores if target.name == REALISED_VOLATILITY else scores.assign(qlike=math.nan)
