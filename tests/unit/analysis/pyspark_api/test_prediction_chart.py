"""The chart of predictions: what it says and draws, for many rows, few, none, and simulated ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.image import imread

from analysis.bitcoin_utils import plot_actual_vs_predicted_prices
from analysis.style import NOTHING_TO_DRAW, SIMULATED_MARK
from pipeline.errors import UnusableInputError
from tests.unit.analysis.test_charts import words


def predictions(rows: int, **labels: str) -> pd.DataFrame:
    steps = np.random.default_rng(1).normal(0, 300, rows)
    prices = 64_000 + np.cumsum(steps)
    frame = pd.DataFrame(
        {
            "timestamp": pd.date_range("2026-01-15", periods=rows, freq="30min"),
            "price_usd": prices,
            "predicted_usd": prices + 100.0,
        }
    )
    return frame.assign(**labels)


@pytest.mark.parametrize("rows", [1, 2, 500])
def test_it_says_what_it_draws(tmp_path: Path, rows: int) -> None:
    path = tmp_path / "new" / "output_plot.png"
    figure = plot_actual_vs_predicted_prices(predictions(rows, coin="bitcoin", source="coingecko"), path)
    (axes, *_) = figure.axes
    assert axes.get_title(loc="left") == "Bitcoin: actual and predicted price"
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("Time (UTC)", "Price (USD)")
    said = words(figure)
    assert f"RMSE over {rows} prices $100" in said
    assert "Source: coingecko, 2026-01-15 00:00 to 2026-01-" in said
    assert SIMULATED_MARK not in said
    actual, predicted = (line.get_ydata() for line in axes.get_lines())
    assert np.asarray(predicted, dtype=float) == pytest.approx(np.asarray(actual, dtype=float) + 100)
    assert min(imread(path).shape[:2]) >= 250


def test_rows_are_drawn_in_order_of_time(tmp_path: Path) -> None:
    figure = plot_actual_vs_predicted_prices(predictions(9).iloc[::-1], tmp_path / "p.png")
    times = figure.axes[0].get_lines()[0].get_xdata(orig=False)
    assert np.all(np.diff(np.asarray(times, dtype=float)) > 0)


def test_simulated_prices_are_marked(tmp_path: Path) -> None:
    said = words(plot_actual_vs_predicted_prices(predictions(9, source="simulator"), tmp_path / "p.png"))
    assert said.count(SIMULATED_MARK) == 2
    assert "Source: simulator" in said
    assert "Price: actual and predicted price" in said


def test_without_predictions_it_says_so(tmp_path: Path) -> None:
    said = words(plot_actual_vs_predicted_prices(predictions(0), tmp_path / "p.png"))
    assert NOTHING_TO_DRAW in said
    assert "Source: not given" in said


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnusableInputError, match="no column 'predicted_usd' among timestamp, price_usd"):
        plot_actual_vs_predicted_prices(predictions(9).drop(columns="predicted_usd"), tmp_path / "p.png")
