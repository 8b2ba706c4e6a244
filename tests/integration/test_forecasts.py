"""An evaluation handed to the lake, read back through Presto."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from analysis.forecast.evaluate import Plan, evaluate
from analysis.forecast.results import Results
from analysis.forecast.storing import store
from analysis.lake import connect
from analysis.prices import DailySeries
from pipeline.errors import ServiceError
from tests.support.stack import Stack


@pytest.fixture(scope="module")
def evaluated() -> Results:
    """Evaluate the two simplest models on a random walk."""
    days = pd.date_range("2024-01-01", periods=200)
    price = 100 * np.exp(np.random.default_rng(5).normal(0, 0.03, len(days)).cumsum())
    frame = pd.DataFrame({"price_usd": price, "source": "test"}, index=days)
    return evaluate(DailySeries("test-coin", frame), Plan(horizon=3, origins=8, models=("naive", "drift")))


def test_an_evaluation_is_stored_once_and_read_back(stack: Stack, evaluated: Results) -> None:
    run = store(evaluated, stack.settings)
    assert store(evaluated, stack.settings) == run
    lake = connect(stack.settings)
    for table, frame in (("forecasts", evaluated.forecasts), ("forecast_scores", evaluated.scores)):
        found = lake.query(f"SELECT * FROM iceberg.gold.{table} WHERE run_id = ?", [run])
        assert list(found.columns) == list(frame.columns)
        keys = [name for name in ("target", "model", "origin", "horizon") if name in frame]
        ours, theirs = (rows.sort_values(keys).reset_index(drop=True) for rows in (frame, found))
        pd.testing.assert_series_equal(ours["model"], theirs["model"])
        numbers = ours.select_dtypes("float64").columns
        pd.testing.assert_frame_equal(ours[numbers], theirs[numbers].astype("float64"), check_exact=True)


def test_rows_that_do_not_fit_are_refused_with_the_reason(stack: Stack, evaluated: Results) -> None:
    other = evaluated.scores.assign(run_id="f" * 32)
    torn = Results(evaluated.forecasts.assign(run_id="f" * 32).drop(columns="level"), other)
    with pytest.raises(ServiceError, match="level"):
        store(torn, stack.settings)


def test_presto_measures_volatility_from_minutes(stack: Stack) -> None:
    found = connect(stack.settings).realised_volatility("btc")  # no day of this lake's minutes is over
    assert list(found.columns) == ["product_id", "day", "realised_volatility", "returns", "source"]
    assert found.empty
