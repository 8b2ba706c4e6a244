"""Naive and drift, against literals and against statsforecast on log prices."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from statsforecast.models import Naive as TheirNaive
from statsforecast.models import RandomWalkWithDrift

from analysis.forecast.baselines import Drift, Naive
from tests.support.price_histories import daily, random_walk


def test_naive_holds_the_last_price_and_widens_with_the_root_of_the_step() -> None:
    found = Naive().forecast(daily([100, 200, 100]), horizon=4, level=0.95)
    assert found["value"].tolist() == [100.0] * 4
    assert found.index.tolist() == list(pd.date_range("2020-01-04", periods=4))
    width = 1.959963984540054 * np.log(2)  # both residuals are as large as ln 2
    assert np.log(found["upper"] / 100).tolist() == pytest.approx([width, width * 2**0.5, width * 3**0.5, width * 2])
    assert (found["lower"] * found["upper"]).tolist() == pytest.approx([100**2] * 4)


def test_drift_continues_the_mean_return() -> None:
    found = Drift().forecast(daily([100, 110, 121]), horizon=2, level=0.9)
    assert found["value"].tolist() == pytest.approx([133.1, 146.41])
    assert found["lower"].tolist() == pytest.approx(found["upper"].tolist())  # every return was the same


@pytest.mark.parametrize(("ours", "theirs"), [(Naive(), TheirNaive()), (Drift(), RandomWalkWithDrift())])
def test_statsforecast_says_the_same(ours: Naive | Drift, theirs: object) -> None:
    price = random_walk(300)
    found = ours.forecast(price, horizon=10, level=0.9)
    expected = theirs.forecast(y=np.log(price.to_numpy()), h=10, level=[90])  # type: ignore[attr-defined]
    for column, key in {"value": "mean", "lower": "lo-90", "upper": "hi-90"}.items():
        assert np.log(found[column]).to_numpy() == pytest.approx(np.asarray(expected[key]), rel=1e-5)
