"""Losses against literals."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.forecast.scores import losses, means, qlike
from tests.support.price_histories import daily


def rows(*values: tuple[str, float, float, float, float | None]) -> pd.DataFrame:
    """Return forecasts of (origin, value, lower, upper, actual)."""
    frame = pd.DataFrame(list(values), columns=["origin", "value", "lower", "upper", "actual"])
    return frame.assign(origin=pd.to_datetime(frame["origin"]), actual=frame["actual"].astype("float64"))


HISTORY = daily([10, 12, 11, 15])  # mean absolute change: 2 up to the 2nd, 7/3 up to the 4th
FORECASTS = rows(
    ("2020-01-02", 12, 10, 14, 11),
    ("2020-01-02", 12, 9, 15, 15),
    ("2020-01-04", 15, 14, 16, 8),
    ("2020-01-04", 15, 13, 17, None),
)


def test_losses_are_means_over_the_days_of_each_origin() -> None:
    found = losses(FORECASTS, HISTORY)
    assert found.index.tolist() == [pd.Timestamp("2020-01-02"), pd.Timestamp("2020-01-04")]
    assert found["absolute"].tolist() == [2.0, 7.0]
    assert found["squared"].tolist() == [5.0, 49.0]
    assert found["scaled"].tolist() == pytest.approx([1.0, 3.0])
    assert found["covered"].tolist() == [1.0, 0.0]


def test_an_origin_without_any_outcome_does_not_count() -> None:
    unknown = rows(("2020-01-03", 11, 10, 12, None))
    assert losses(pd.concat([FORECASTS, unknown]), HISTORY).equals(losses(FORECASTS, HISTORY))


def test_each_origin_counts_the_same() -> None:
    found = means(losses(FORECASTS, HISTORY))
    assert found["mae"] == 4.5
    assert found["rmse"] == pytest.approx(27**0.5)
    assert found["mase"] == pytest.approx(2.0)
    assert found["coverage"] == 0.5


def test_qlike_is_of_the_variances() -> None:
    found = qlike(pd.Series([0.02, 0.04, 0.02]), pd.Series([0.02, 0.02, 0.04]))
    assert found.tolist() == pytest.approx([0.0, 4 - np.log(4) - 1, 0.25 - np.log(0.25) - 1])


def test_qlike_of_a_day_without_a_move_is_finite() -> None:
    (found,) = qlike(pd.Series([0.0]), pd.Series([0.01]))
    assert found == pytest.approx(1e-4 - np.log(1e-4) - 1)
