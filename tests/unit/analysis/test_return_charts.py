"""The charts of returns: what each says and draws, and its words where there is nothing to draw."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from matplotlib.patches import Rectangle

from analysis import return_charts
from analysis.prices import DailySeries
from analysis.style import NOTHING_TO_DRAW, SIMULATED_MARK
from tests.unit.analysis.test_charts import ink, series, words

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MINUS = "\N{MINUS SIGN}"
YEARLY = ["coin", "year", "return_pct", "is_partial", "close", "source"]


def draw_sharpe(prices: DailySeries) -> Figure:
    return return_charts.rolling_sharpe(prices, 90)


def draw_saving(prices: DailySeries) -> Figure:
    return return_charts.monthly_saving(prices, 100)


CHARTS = [return_charts.extreme_days, draw_sharpe, draw_saving]
Chart = Callable[[DailySeries], "Figure"]


def given(prices: list[float], start: str = "2020-01-15") -> DailySeries:
    index = pd.date_range(start, periods=len(prices))
    return DailySeries("tether", pd.DataFrame({"price_usd": prices, "source": "coingecko"}, index=index))


def yearly(*rows: list[object]) -> pd.DataFrame:
    return pd.DataFrame(list(rows), columns=YEARLY)


@pytest.mark.parametrize("chart", CHARTS)
def test_a_chart_names_coin_axes_and_source(chart: Chart) -> None:
    figure = chart(series(700))
    (axes,) = figure.axes
    assert axes.get_title(loc="left").startswith("Bitcoin: ")
    assert axes.get_xlabel()
    assert axes.get_ylabel()
    assert "(UTC)" in axes.get_xlabel() + axes.get_ylabel()
    assert "Source: coingecko, 2013-04-28 to 2015-03-28" in words(figure)


@pytest.mark.parametrize("chart", CHARTS)
def test_a_simulated_chart_says_so_in_the_title_and_across(chart: Chart) -> None:
    assert words(chart(series(400, source="simulator"))).count(SIMULATED_MARK) == 2


@pytest.mark.parametrize("chart", CHARTS)
def test_a_coin_without_prices_names_the_remedy(chart: Chart) -> None:
    assert NOTHING_TO_DRAW in words(chart(series(0)))


@pytest.mark.parametrize(
    ("chart", "told"),
    [
        (return_charts.extreme_days, return_charts.NO_CHANGE),
        (draw_sharpe, "A Sharpe ratio over 90 days needs prices of 91 days in a row"),
        (draw_saving, return_charts.NO_PAYMENT),
    ],
)
def test_one_price_is_told_to_be_too_few(chart: Chart, told: str) -> None:
    assert told in words(chart(given([7.0])))


def test_a_constant_price_has_no_extreme_day_and_no_sharpe_but_can_be_saved_in() -> None:
    constant = given([1.0] * 400)
    assert return_charts.NO_CHANGE in words(return_charts.extreme_days(constant))
    assert "a price that moves" in words(draw_sharpe(constant))
    assert "saved monthly:\n$1,300,\n0 % a year" in words(draw_saving(constant))


def test_prices_with_gaps_can_be_drawn() -> None:
    whole = series(700)
    holes = DailySeries("bitcoin", whole.frame.drop(whole.frame.index[[40, 41, 250, *range(300, 420)]]))
    assert [ink(chart(holes)) > 3000 for chart in CHARTS] == [True] * 3
    every_other = DailySeries("bitcoin", whole.frame.iloc[::2])
    assert return_charts.NO_CHANGE in words(return_charts.extreme_days(every_other))


def test_a_bar_a_day_from_the_best_to_the_worst() -> None:
    figure = return_charts.extreme_days(given([100.0, 110, 55, 66, 66]))
    (axes,) = figure.axes
    bars = [patch for patch in axes.patches if isinstance(patch, Rectangle)]
    assert [bar.get_width() for bar in bars] == pytest.approx([20, 10, -50])
    assert [bar.get_y() for bar in bars] == sorted((bar.get_y() for bar in bars), reverse=True)
    assert [label.get_text() for label in axes.get_yticklabels()] == ["2020-01-18", "2020-01-16", "2020-01-17"]
    assert {"+20.0 %", "+10.0 %", f"{MINUS}50.0 %"} <= set(words(figure).splitlines())
    texts = {text.get_text(): text.get_horizontalalignment() for text in axes.texts}
    sides = {text: side for text, side in texts.items() if text.endswith(" %")}
    assert sides == {"+20.0 %": "left", "+10.0 %": "left", f"{MINUS}50.0 %": "right"}  # beyond the bar's end


def test_the_sharpe_ratio_says_how_it_is_defined() -> None:
    said = words(return_charts.rolling_sharpe(series(700)))
    assert "365 days' simple returns, times √365; no risk-free rate deducted" in said
    assert "median " in said


def test_saving_shows_value_payments_and_the_lump_sum() -> None:
    figure = draw_saving(given([10.0] * 17 + [5.0] * 350, "2020-01-15"))
    lines = {str(line.get_label()).partition(":")[0]: np.asarray(line.get_ydata()) for line in figure.axes[0].lines}
    assert lines["paid in"][[0, -1]].tolist() == [100, 1200]
    assert lines["saved monthly"][-1] == pytest.approx(1200)
    assert lines["all of it at the start"][0] == pytest.approx(1200)
    assert "fees are ignored" in words(figure)


@pytest.mark.parametrize("monthly_usd", [0, -5])
def test_a_sum_of_nothing_is_told(monthly_usd: float) -> None:
    assert return_charts.NO_SUM in words(return_charts.monthly_saving(series(90), monthly_usd))


def test_all_coins_are_rows_and_unfinished_years_have_a_star() -> None:
    rows = yearly(
        ["bitcoin", 2019, 300.0, False, 4.0, "coingecko"],
        ["bitcoin", 2020, None, False, 4.0, "coingecko"],
        ["bitcoin", 2021, -50.0, True, 2.0, "coingecko"],
        ["bitcoin-cash", 2021, 0.2, True, 2.0, "coinmetrics"],
    )
    figure = return_charts.coin_years(rows)
    axes = figure.axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["Bitcoin", "Bitcoin Cash"]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["2019", "2020", "2021"]
    assert [text.get_text() for text in axes.texts if text.get_text()[:1] in f"+{MINUS}0"] == [
        "+300",
        f"{MINUS}50*",
        "0*",
    ]
    (image,) = axes.images
    cells = np.ma.filled(np.ma.asarray(image.get_array(), dtype=float), np.nan)
    assert cells[0].tolist() == pytest.approx([2, np.nan, -1], nan_ok=True)
    assert "Source: coingecko, coinmetrics, by iceberg.gold.yearly_returns" in words(figure)


def test_a_simulated_coin_among_real_ones_is_named() -> None:
    real, simulated = ["bitcoin", 2021, 5.0, False, 2.0, "coingecko"], ["xrp", 2021, 9.0, False, 2.0, "simulator"]
    said = words(return_charts.coin_years(yearly(real, simulated)))
    assert "Xrp (simulated)" in said
    assert "Bitcoin (simulated)" not in said
    assert said.count(SIMULATED_MARK) == 2
    assert "(simulated)" not in words(return_charts.coin_years(yearly(simulated)))


def test_a_lake_without_coins_names_the_remedy() -> None:
    assert NOTHING_TO_DRAW in words(return_charts.coin_years(yearly()))
