"""Origins, and what is asked of a model at each of them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.forecast.baselines import Naive
from analysis.forecast.errors import HistoryError, ModelError, PlanError
from analysis.forecast.model import Untuned
from analysis.forecast.walk import Walk, origins_of, walk_forward
from tests.support.price_histories import daily, random_walk


def test_the_last_origin_is_one_horizon_before_the_last_day() -> None:
    history = random_walk(200)  # up to 2020-07-18
    assert [f"{day:%m-%d}" for day in origins_of(history, count=8, horizon=5, step=10)] == [
        "05-04", "05-14", "05-24", "06-03", "06-13", "06-23", "07-03", "07-13",
    ]  # fmt: skip


def test_the_shortest_history_that_will_do() -> None:
    days = 60 + 5 + 7 * 5 + 5
    origins = origins_of(random_walk(days), count=8, horizon=5, step=5)
    assert origins[0] == pd.Timestamp("2020-01-01") + pd.Timedelta(days=60 + 5 - 1)
    with pytest.raises(PlanError, match="104 days of history: expected 105 or more for 8 origins 5 days apart with"):
        origins_of(random_walk(days - 1), count=8, horizon=5, step=5)


@pytest.mark.parametrize(
    ("count", "horizon", "step", "words"),
    [
        (7, 5, 5, "7 origins: expected 8 or more, else no skill"),
        (8, 500, 5, "200 days of history: expected 1095 or more"),
        (8, 0, 5, "a horizon of 0 days"),
        (8, 5, 0, "origins 0 days apart"),
    ],
)
def test_a_plan_that_makes_no_sense_is_refused(count: int, horizon: int, step: int, words: str) -> None:
    with pytest.raises(PlanError, match=words):
        origins_of(random_walk(200), count, horizon, step)


def test_a_history_that_starts_to_move_after_the_first_origin_is_refused() -> None:
    with pytest.raises(HistoryError, match=r"never changed up to the first origin, 2020-05-30"):
        origins_of(daily([5.0] * 180 + [6.0] * 20), count=8, horizon=7, step=6)


def test_a_row_for_each_origin_and_step() -> None:
    history = daily(np.arange(1.0, 101.0))
    walk = Walk(pd.DatetimeIndex(["2020-02-01", "2020-03-01"]), horizon=2, level=0.9)
    rows = walk_forward(Naive(), history, walk)
    assert rows.columns.tolist() == ["origin", "horizon", "target_day", "value", "lower", "upper"]
    found = [(f"{row.origin:%m-%d}", row.horizon, f"{row.target_day:%m-%d}", row.value) for row in rows.itertuples()]
    assert found == [
        ("02-01", 1, "02-02", 32.0),
        ("02-01", 2, "02-03", 32.0),
        ("03-01", 1, "03-02", 61.0),
        ("03-01", 2, "03-03", 61.0),
    ]


class Recorder(Untuned):
    """Keeps the last day of all that it is given."""

    name = "recorder"

    def __init__(self) -> None:
        self.tuned_on: list[str] = []

    def tuned(self, history: pd.Series[float]) -> Recorder:
        self.tuned_on.append(f"{history.index[-1]:%Y-%m-%d}")
        return self

    def forecast(self, history: pd.Series[float], horizon: int, level: float) -> pd.DataFrame:
        return Naive().forecast(history, horizon, level)


def test_a_model_is_tuned_once_on_the_days_up_to_the_first_origin() -> None:
    model = Recorder()
    walk_forward(model, random_walk(100), Walk(pd.DatetimeIndex(["2020-02-01", "2020-03-01"]), 2, 0.9))
    assert model.tuned_on == ["2020-02-01"]


class Broken(Untuned):
    name = "broken"

    def forecast(self, history: pd.Series[float], horizon: int, level: float) -> pd.DataFrame:
        raise np.linalg.LinAlgError("singular matrix")


class Missing(Untuned):
    name = "missing"

    def forecast(self, history: pd.Series[float], horizon: int, level: float) -> pd.DataFrame:
        return Naive().forecast(history, horizon, level).assign(upper=np.nan)


@pytest.mark.parametrize(("model", "fault"), [(Broken(), "singular matrix"), (Missing(), "the forecast is not finite")])
def test_a_model_that_fails_is_named_with_its_origin(model: Broken | Missing, fault: str) -> None:
    with pytest.raises(ModelError, match=f"model {model.name} failed on the days up to 2020-02-01: {fault}"):
        walk_forward(model, random_walk(100), Walk(pd.DatetimeIndex(["2020-02-01"]), 2, 0.9))
