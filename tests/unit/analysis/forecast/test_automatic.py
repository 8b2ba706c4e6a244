"""AutoARIMA and ETS: what statsforecast says of the log prices, fitted and predicted in two steps."""

from __future__ import annotations

import numpy as np
import pytest
from statsforecast.models import AutoARIMA, AutoETS

from analysis.forecast.automatic import AutoArima, Ets
from tests.support.price_histories import daily, random_walk


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [(AutoArima(), AutoARIMA(season_length=1)), (Ets(), AutoETS(season_length=1, model="AZN"))],
)
def test_statsforecast_says_the_same(ours: AutoArima | Ets, theirs: object) -> None:
    price = random_walk(300)
    found = ours.forecast(price, horizon=5, level=0.8)
    expected = theirs.fit(np.log(price.to_numpy())).predict(h=5, level=[80])  # type: ignore[attr-defined]
    for column, key in {"value": "mean", "lower": "lo-80", "upper": "hi-80"}.items():
        assert np.log(found[column]).to_numpy() == pytest.approx(np.asarray(expected[key]), rel=1e-9)


@pytest.mark.parametrize("model", [AutoArima(), Ets()])
def test_a_steady_trend_is_continued(model: AutoArima | Ets) -> None:
    noise = np.random.default_rng(1).normal(0, 0.002, 200)
    price = daily(100 * np.exp(0.01 * np.arange(200) + noise))
    value = model.forecast(price, horizon=10, level=0.9)["value"]
    assert np.log(value / 100).to_numpy() == pytest.approx(0.01 * np.arange(200, 210), abs=0.02)
