"""ARIMA: the same figures as statsmodels called directly, and the order by AIC."""

from __future__ import annotations

import itertools
import warnings

import numpy as np
import pytest
from statsmodels.tsa.arima.model import ARIMA

from analysis.forecast.arima import Arima, best_order, fitted
from tests.support.price_histories import daily, random_walk


def autoregressive(days: int) -> np.ndarray:
    """Return log prices whose returns follow an AR(2): 0.5 and -0.4."""
    noise = np.random.default_rng(3).normal(0, 0.03, days)
    returns = np.zeros(days)
    for day in range(2, days):
        returns[day] = 0.5 * returns[day - 1] - 0.4 * returns[day - 2] + noise[day]
    return np.log(100) + np.cumsum(returns)


@pytest.mark.parametrize("order", [(0, 1, 0), (2, 1, 0), (1, 1, 1), (0, 1, 2)])
@pytest.mark.filterwarnings("ignore:Provided `endog`:UserWarning")
def test_the_forecast_is_that_of_statsmodels(order: tuple[int, int, int]) -> None:
    price = random_walk(400)
    found = Arima(order).forecast(price, horizon=7, level=0.9)
    direct = ARIMA(np.log(price.to_numpy()), order=order).fit(method="innovations_mle").get_forecast(7)
    assert found["value"].tolist() == np.exp(direct.predicted_mean).tolist()
    bounds = np.exp(direct.conf_int(alpha=0.1))
    assert found[["lower", "upper"]].to_numpy() == pytest.approx(bounds, rel=1e-12)


def test_statsmodels_default_method_finds_no_better_parameters() -> None:
    log_price = autoregressive(400)
    default = ARIMA(log_price, order=(2, 1, 0)).fit()
    assert fitted(log_price, (2, 1, 0)).llf > default.llf - 1e-6
    found = Arima((2, 1, 0)).forecast(daily(np.exp(log_price)), horizon=7, level=0.9)
    assert np.log(found["value"]).to_numpy() == pytest.approx(default.forecast(7), abs=2e-4)


def test_the_order_has_the_lowest_aic() -> None:
    log_price = autoregressive(250)
    aic = {}
    for p, q in itertools.product(range(3), range(3)):
        with warnings.catch_warnings(action="ignore"):
            aic[p, 1, q] = ARIMA(log_price, order=(p, 1, q)).fit().aic
    assert best_order(log_price) == min(aic, key=aic.__getitem__)
    assert best_order(log_price)[0] == 2


@pytest.mark.parametrize("price", [1.01 ** np.arange(80), np.tile([1.0, 1.1], 40)], ids=["steady", "up and down"])
def test_a_history_without_noise_can_be_forecast(price: np.ndarray) -> None:
    assert np.isfinite(Arima().forecast(daily(price), horizon=3, level=0.9)).all(axis=None)


def test_the_order_is_chosen_once_and_kept() -> None:
    tuned = Arima().tuned(daily(np.exp(autoregressive(200))))
    assert tuned.order is not None
    assert tuned.order[0] == 2
    assert tuned.tuned(random_walk(300)) is tuned
