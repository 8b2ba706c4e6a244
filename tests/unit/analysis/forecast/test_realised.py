"""Realised volatility, from daily prices and from within the days, against literals."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.forecast import realised
from tests.support.price_histories import daily


def test_daily_prices_give_the_size_of_each_return() -> None:
    moves = realised.from_daily(daily(np.exp([0.0, 0.03, 0.01])))
    assert moves.tolist() == pytest.approx([0.03, 0.02])
    assert moves.index.tolist() == list(pd.date_range("2020-01-02", periods=2))


def test_a_return_over_a_gap_is_no_daily_one() -> None:
    price = daily(np.exp([0.0, 0.03, 0.0, 0.01, 0.02])).drop(pd.Timestamp("2020-01-03"))
    assert realised.from_daily(price).index.tolist() == [pd.Timestamp("2020-01-02"), pd.Timestamp("2020-01-05")]


def test_prices_within_the_day_add_up() -> None:
    times = pd.to_datetime(["2020-01-01 12:00", "2020-01-02 00:00", "2020-01-02 12:00", "2020-01-04 01:00"])
    price = pd.Series(np.exp([0.0, 0.03, -0.01, 0.0]), index=times)
    found = realised.from_intraday(price)
    assert found.to_dict() == pytest.approx({pd.Timestamp("2020-01-02"): 0.05, pd.Timestamp("2020-01-04"): 0.01})
