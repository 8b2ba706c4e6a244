"""Models of volatility: literals, least squares by statsmodels, `arch` on signed returns."""

from __future__ import annotations

import numpy as np
import pytest
from arch import arch_model
from statsmodels.api import OLS

from analysis.forecast.volatility import Garch, Har, NaiveVolatility, har_regressors
from tests.support.price_histories import daily, garch_returns


def test_naive_holds_the_last_weeks_mean_variance() -> None:
    found = NaiveVolatility().forecast(daily([9, 9, 9, 1, 1, 1, 1, 1, 1, 2.0]), horizon=3, level=0.9)
    assert found["value"].tolist() == pytest.approx([np.sqrt(10 / 7)] * 3)


def test_naives_interval_is_of_the_ratios_it_had() -> None:
    found = NaiveVolatility().forecast(daily([1.0] * 7 + [2.0]), horizon=1, level=0.5)
    assert (found["lower"] / found["value"]).tolist() == [2.0]  # one ratio in all: 2 after a week of 1
    assert (found["upper"] / found["value"]).tolist() == [2.0]


def test_the_first_move_of_all_has_no_ratio_to_earlier_ones() -> None:
    found = NaiveVolatility().forecast(daily([0.0] * 10 + [7.0]), horizon=1, level=0.9)
    assert found.iloc[0].tolist() == pytest.approx([7**0.5] * 3)


def test_hars_regressors_are_day_week_and_month() -> None:
    values = np.arange(1.0, 33.0)
    assert har_regressors(values).tolist() == [
        [1, 30, 27, 15.5],
        [1, 31, 28, 16.5],
        [1, 32, 29, 17.5],
    ]


@pytest.mark.parametrize("step", [1, 5])
def test_har_is_least_squares_made_right_on_average(step: int) -> None:
    values = np.abs(garch_returns(400))
    seen, outcome = har_regressors(values)[:-step], values[29 + step :]
    fit = OLS(outcome, seen).fit()
    assert fit.fittedvalues.min() > 0.1 * outcome.mean()  # nothing had to be lifted above zero
    factor = np.sqrt(np.mean((outcome / fit.fittedvalues) ** 2))
    expected = factor * fit.predict(har_regressors(values)[-1:])
    assert Har().forecast(daily(values), step, 0.9)["value"].iloc[-1] == pytest.approx(float(expected[0]))


def test_har_never_goes_below_zero() -> None:
    values = np.concatenate([np.linspace(1, 0.01, 80), np.zeros(3)])
    assert (Har().forecast(daily(values), horizon=5, level=0.9) > 0).all(axis=None)


def test_garch_is_that_of_arch_on_signed_returns() -> None:
    returns = garch_returns(500)
    found = Garch().forecast(daily(np.abs(returns)), horizon=5, level=0.9)
    direct = arch_model(100 * returns, mean="Zero", rescale=False).fit(disp="off")
    expected = np.sqrt(direct.forecast(horizon=5).variance.to_numpy()[0]) / 100
    assert found["value"].to_numpy() == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("model", [NaiveVolatility(), Har(), Garch()])
def test_an_interval_holds_its_share(model: NaiveVolatility | Har | Garch) -> None:
    values = daily(np.abs(garch_returns(900, seed=1)))
    hits = []
    for cut in range(500, 895, 5):
        found = model.forecast(values.iloc[:cut], horizon=5, level=0.8)
        hits.append(values.reindex(found.index).between(found["lower"], found["upper"]))
    assert 0.72 < float(np.mean(hits)) < 0.88
