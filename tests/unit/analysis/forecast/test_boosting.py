"""Boosted trees: what they see, what they can learn, and what they cannot."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.forecast.boosting import BoostedCalendar, BoostedLags
from analysis.forecast.features import calendar, lagged
from tests.support.price_histories import daily, random_walk


def test_a_row_of_lags_ends_with_its_own_day() -> None:
    assert lagged(np.array([1.0, 2.0, 3.0, 4.0]), lags=3).tolist() == [[1, 2, 3], [2, 3, 4]]


def test_the_calendar_is_seconds_hour_and_weekday() -> None:
    times = pd.DatetimeIndex(["1970-01-02 00:00", "2026-01-13 17:30"])  # a Friday and a Tuesday
    assert calendar(times).tolist() == [[86_400, 0, 4], [1_768_325_400, 17, 1]]


def test_lags_learn_a_pattern_and_continue_it() -> None:
    returns = np.tile([0.02, -0.01, 0.01, -0.02], 50)
    found = BoostedLags().forecast(daily(100 * np.exp(np.cumsum(returns))), horizon=4, level=0.9)
    steps = np.diff(np.log(found["value"]), prepend=np.log(100) + returns.sum())
    assert steps == pytest.approx([0.02, -0.01, 0.01, -0.02], abs=0.002)


def test_the_calendar_cannot_go_beyond_what_it_has_seen() -> None:
    price = daily(100 * np.exp(0.01 * np.arange(200)))
    found = BoostedCalendar().forecast(price, horizon=10, level=0.9)
    assert found["value"].max() <= price.max()
    assert found["value"].min() > 0.9 * price.max()  # the newest leaves, one for each weekday at most
    assert found["value"].nunique() <= 7


@pytest.mark.parametrize("model", [BoostedLags(), BoostedCalendar()])
def test_the_interval_holds_the_value_and_widens(model: BoostedLags | BoostedCalendar) -> None:
    found = model.forecast(random_walk(120), horizon=5, level=0.9)
    assert (found["lower"] < found["value"]).all()
    assert (found["value"] < found["upper"]).all()
    assert np.log(found["upper"] / found["lower"]).is_monotonic_increasing


def test_lags_cover_about_as_much_as_they_say() -> None:
    price = random_walk(220, seed=2)
    hits = []
    for cut in range(150, 215, 10):
        found = BoostedLags().forecast(price.iloc[:cut], horizon=5, level=0.8)
        hits.append(price.reindex(found.index).between(found["lower"], found["upper"]))
    assert 0.6 < float(np.mean(hits)) < 0.95
