"""VWAP and volume by price: what is drawn, for many rows, one, none, and simulated ones."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from matplotlib.colors import to_rgba
from matplotlib.patches import Rectangle

from analysis import style, trade_figures, volume_charts
from analysis.style import SIMULATED_MARK
from tests.support import trade_answers as made
from tests.support.trade_answers import BTC, ETH
from tests.unit.analysis.test_charts import ink, words
from tests.unit.analysis.test_trade_charts import Draw

if TYPE_CHECKING:
    from matplotlib.figure import Figure


def draw_vwap(source: str, rows: int) -> Figure:
    return volume_charts.vwap(made.frame("candles", made.candles(source=source, minutes=rows)), BTC, 1)


def draw_profile(source: str, rows: int) -> Figure:
    return volume_charts.volume_profile(made.frame("volume_profile", made.profile(source=source, levels=rows)), BTC)


CHARTS = [draw_vwap, draw_profile]


@pytest.mark.parametrize("draw", CHARTS)
@pytest.mark.parametrize("rows", [1, 2, 90])
def test_a_chart_names_its_source_and_its_span(draw: Draw, rows: int) -> None:
    figure = draw("coinbase", rows)
    assert ink(figure) > 500
    assert "Source: coinbase, 2026-11-21 16:00 to 2026-11-21 1" in words(figure)
    assert SIMULATED_MARK not in words(figure)


@pytest.mark.parametrize("draw", CHARTS)
def test_a_simulated_chart_says_so_in_the_title_and_across(draw: Draw) -> None:
    assert words(draw("simulator", 90)).count(SIMULATED_MARK) == 2


@pytest.mark.parametrize("draw", CHARTS)
def test_a_chart_without_trades_names_the_remedy(draw: Draw) -> None:
    assert trade_figures.NO_TRADES in words(draw("coinbase", 0))


def test_vwap_is_drawn_by_candle_by_window_and_of_all() -> None:
    (axes,) = draw_vwap("coinbase", 90).axes
    lines = {str(line.get_label()): np.asarray(line.get_ydata(), dtype=float) for line in axes.lines}
    assert lines["one-minute candle"].tolist() == [100.0] * 90
    assert np.isnan(lines["1 h"]).tolist() == [True] * 59 + [False] * 31
    assert lines["all of it: 100"].tolist() == [100, 100]
    assert (axes.get_ylabel(), axes.get_xlabel()) == ("Price (USD)", "Time (UTC)")


def test_a_window_longer_than_the_candles_is_told() -> None:
    assert "1 h (none yet)" in words(draw_vwap("coinbase", 30))


def test_candles_without_volume_can_be_drawn() -> None:
    rows = made.frame("candles", made.candles(minutes=5)).assign(volume=0.0, turnover=0.0)
    assert "all of it" not in words(volume_charts.vwap(rows, BTC, 1))


def test_the_profile_has_a_bar_a_level_with_a_dark_value_area() -> None:
    rows = [*made.profile(levels=5), *made.profile(ETH), *made.profile(source="simulator")]
    figure = volume_charts.volume_profile(made.frame("volume_profile", rows), BTC)
    (axes,) = figure.axes
    bars = [patch for patch in axes.patches if isinstance(patch, Rectangle)]
    assert [bar.get_width() for bar in bars] == [1, 2, 3, 2, 1]
    assert [bar.get_facecolor() == to_rgba(style.BLUE) for bar in bars] == [False, True, True, True, False]
    assert (axes.get_ylabel(), axes.get_xlabel()) == ("Price (USD)", "Volume (BTC)")
    assert "most volume: 102.5" in words(figure)
    assert "70 % of the volume" in words(figure)
