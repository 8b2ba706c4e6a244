"""What was forecast from the days up to t does not change by a bit, whatever comes after t."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.forecast import realised
from analysis.forecast.arima import Arima
from analysis.forecast.catalog import MODELS
from analysis.forecast.evaluate import Plan, evaluate
from analysis.forecast.features import calendar, lagged
from analysis.forecast.history import daily_history
from analysis.forecast.model import Model, Vector
from analysis.forecast.scores import losses
from analysis.forecast.volatility import har_regressors
from analysis.forecast.walk import Walk, walk_forward
from pipeline.tables.forecasts import CLOSE_USD
from tests.support.price_histories import clustered, series

DAYS = 260
CUT = 200  # days that stay as they are
HORIZON = 3
PRICE = clustered(DAYS)
T = PRICE.index[CUT - 1]

ORDERED = Arima((1, 1, 1))  # to choose the order takes long, and is tested below
ALL = [(target, ORDERED if model == Arima() else model) for target, models in MODELS.items() for model in models]
IDS = [f"{target}-{model.name}" for target, model in ALL]


def other_future(values: pd.Series[float]) -> pd.Series[float]:
    """Return the values with every one after t changed, the first of them to a thousandfold."""
    changed = values.copy()
    later = changed.index > T
    changed[later] *= np.random.default_rng(5).uniform(0.5, 2, later.sum())
    changed[changed.index[later][0]] *= 1000
    assert (changed[later] != values[later]).all()
    return changed


def forecasts(model: Model, history: pd.Series[float]) -> pd.DataFrame:
    origins = pd.DatetimeIndex([T - pd.Timedelta(days=20), T, T + pd.Timedelta(days=20)])
    return walk_forward(model, history, Walk(origins, HORIZON, 0.9))


@pytest.mark.parametrize(("target", "model"), ALL, ids=IDS)
def test_a_walk_up_to_t_is_bit_equal(target: str, model: Model) -> None:
    history = PRICE if target == CLOSE_USD else realised.from_daily(PRICE)
    before, after = forecasts(model, history), forecasts(model, other_future(history))
    up_to_t = before["origin"] <= T
    pd.testing.assert_frame_equal(before[up_to_t], after[up_to_t], check_exact=True)
    assert not before[~up_to_t].equals(after[~up_to_t])


@pytest.mark.parametrize(("target", "model"), ALL, ids=IDS)
def test_a_forecast_is_a_function_of_its_history_alone(target: str, model: Model) -> None:
    history = PRICE if target == CLOSE_USD else realised.from_daily(PRICE)
    first = model.forecast(history.loc[:T], HORIZON, 0.9)
    model.forecast(other_future(history), HORIZON, 0.9)  # nothing of it may stay in the model
    pd.testing.assert_frame_equal(first, model.forecast(history.loc[:T], HORIZON, 0.9), check_exact=True)


def test_the_order_is_chosen_on_the_days_up_to_the_first_origin() -> None:
    walk = Walk(pd.DatetimeIndex([T, T + pd.Timedelta(days=20)]), HORIZON, 0.9)
    before, after = (walk_forward(Arima(), history, walk) for history in (PRICE, other_future(PRICE)))
    pd.testing.assert_frame_equal(before[before["origin"] == T], after[after["origin"] == T], check_exact=True)


def lags_of(values: pd.Series[float]) -> Vector:
    return lagged(values.to_numpy())[: CUT - 6]


def har_of(values: pd.Series[float]) -> Vector:
    return har_regressors(values.to_numpy())[: CUT - 29]


def calendar_of(values: pd.Series[float]) -> Vector:
    return calendar(pd.DatetimeIndex(values.index))[:CUT]


@pytest.mark.parametrize("features", [lags_of, har_of, calendar_of])
def test_features_up_to_t_are_bit_equal(features: object) -> None:
    before, after = features(PRICE), features(other_future(PRICE))  # type: ignore[operator]
    np.testing.assert_array_equal(before, after)


def test_filling_a_gap_looks_back_only() -> None:
    gappy = PRICE.drop(PRICE.index[[CUT - 2, CUT - 1]])  # t and the day before it
    before, after = daily_history(gappy, "bitcoin"), daily_history(other_future(gappy), "bitcoin")
    np.testing.assert_array_equal(before.loc[:T], after.loc[:T])
    for measure in (realised.from_daily, lambda price: price.diff().abs().expanding().mean()):
        np.testing.assert_array_equal(measure(before).loc[:T], measure(after).loc[:T])


def test_losses_of_origins_whose_days_are_all_known_are_bit_equal() -> None:
    origins = pd.DatetimeIndex([T - pd.Timedelta(days=20), T - pd.Timedelta(days=HORIZON), T])
    tables = []
    for history in (PRICE, other_future(PRICE)):
        rows = walk_forward(MODELS[CLOSE_USD][0], history, Walk(origins, HORIZON, 0.9))
        tables.append(losses(rows.assign(actual=rows["target_day"].map(history)), history))
    np.testing.assert_array_equal(tables[0].iloc[:2], tables[1].iloc[:2])
    assert not tables[0].iloc[2].equals(tables[1].iloc[2])


def test_a_whole_evaluation_is_bit_equal_up_to_t() -> None:
    plan = Plan(horizon=HORIZON, origins=25, models=("ets", "har"))
    found = [evaluate(series(price), plan).forecasts for price in (PRICE, other_future(PRICE))]
    keys = ["target", "model", "origin", "horizon"]
    before, after = (rows.set_index(keys)[["value", "lower", "upper"]] for rows in found)
    up_to_t = before.index.get_level_values("origin") <= T
    assert up_to_t.any()
    pd.testing.assert_frame_equal(before[up_to_t], after[up_to_t], check_exact=True)
    assert not before[~up_to_t].equals(after[~up_to_t])
