"""The charts: what each says and draws, for long, short, single-day, missing and simulated prices."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from matplotlib.image import imread
from matplotlib.patches import Rectangle
from matplotlib.text import Text

from analysis import charts
from analysis.prices import DailySeries
from analysis.style import NOTHING_TO_DRAW, SIMULATED_MARK, change, usd

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SINGLE = [
    charts.price_history,
    charts.yearly_returns,
    charts.drawdown,
    charts.moving_averages,
    charts.volatility,
    charts.monthly_returns,
]
Chart = Callable[[DailySeries], "Figure"]


def series(days: int, coin: str = "bitcoin", source: str = "coingecko", start: str = "2013-04-28") -> DailySeries:
    steps = np.random.default_rng(days).normal(0.001, 0.04, days)
    index = pd.date_range(start, periods=days)
    return DailySeries(coin, pd.DataFrame({"price_usd": 100 * np.exp(np.cumsum(steps)), "source": source}, index=index))


def words(figure: Figure) -> str:
    """Return all that the figure says, by drawing it."""
    figure.draw_without_rendering()
    return "\n".join(artist.get_text() for artist in figure.findobj(Text) if isinstance(artist, Text))


def ink(figure: Figure) -> int:
    """Return how many pixels of the figure are not white."""
    file = io.BytesIO()
    figure.savefig(file, format="png", dpi=50)
    file.seek(0)
    return int((imread(file)[..., :3].min(axis=2) < 0.99).sum())


@pytest.mark.parametrize("chart", SINGLE)
def test_a_chart_names_coin_axes_and_source(chart: Chart) -> None:
    figure = chart(series(900))
    (axes, *_) = figure.axes
    assert axes.get_title(loc="left").startswith("Bitcoin: ")
    assert axes.get_xlabel()
    assert axes.get_ylabel()
    assert "Source: coingecko, 2013-04-28 to 2015-10-14" in words(figure)
    assert SIMULATED_MARK not in words(figure)


@pytest.mark.parametrize("chart", SINGLE)
def test_a_simulated_chart_says_so_in_the_title_and_across(chart: Chart) -> None:
    said = words(chart(series(400, source="simulator")))
    assert said.count(SIMULATED_MARK) == 2
    assert "Source: simulator" in said


@pytest.mark.parametrize("chart", SINGLE)
def test_a_chart_without_prices_names_the_remedy(chart: Chart) -> None:
    said = words(chart(series(0)))
    assert NOTHING_TO_DRAW in said
    assert "init_coin_data.sh" in said


@pytest.mark.parametrize("days", [1, 2, 29, 32, 250])
@pytest.mark.parametrize("chart", SINGLE)
def test_a_short_history_can_be_drawn(chart: Chart, days: int) -> None:
    assert ink(chart(series(days))) > 500


@pytest.mark.parametrize("chart", [charts.yearly_returns, charts.monthly_returns])
def test_one_day_has_no_return(chart: Chart) -> None:
    said = words(chart(series(1)))
    assert charts.TOO_FEW_DAYS in said
    assert "+0" not in said


def test_the_price_axis_is_logarithmic_with_plain_dollars() -> None:
    figure = charts.price_history(series(4000))
    assert figure.axes[0].get_yscale() == "log"
    assert "$100" in words(figure)
    assert "mathdefault" not in words(figure)


def test_the_highest_close_is_named() -> None:
    prices = series(100)
    prices.frame.iloc[60, 0] = 54_321.0
    assert "highest close $54,321, 2013-06-27" in words(charts.price_history(prices))


def test_a_bar_is_as_tall_as_its_factor_and_labelled() -> None:
    index = pd.to_datetime(["2019-12-30", "2019-12-31", "2020-12-31", "2021-12-31", "2022-06-01"])
    frame = pd.DataFrame({"price_usd": [1.0, 1.0, 4.0, 2.0, 2.1], "source": "coingecko"}, index=index)
    figure = charts.yearly_returns(DailySeries("bitcoin", frame))
    bars = [patch for patch in figure.axes[0].patches if isinstance(patch, Rectangle)]
    assert [bar.get_height() for bar in bars] == pytest.approx([0, 2, -1, np.log2(1.05)])
    assert [bar.get_hatch() for bar in bars] == ["///", "", "", "///"]
    labels = [text.get_text() for text in figure.axes[0].texts]
    assert {"+300 %", "\N{MINUS SIGN}50 %", "+5.0 %"} <= set(labels)


def test_the_heat_map_is_centred_at_no_change() -> None:
    figure = charts.monthly_returns(series(900))
    (image,) = figure.axes[0].images
    assert (image.norm.vmin, image.norm.vmax) == (-50.0, 50.0)
    red, green, blue, _ = image.to_rgba(np.array([0.0]))[0]
    assert min(red, green, blue) > 0.95
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["2013", "2014", "2015"]


def test_the_deepest_drawdown_is_named() -> None:
    prices = series(3)
    prices.frame["price_usd"] = [100.0, 25.0, 90.0]
    assert "deepest \N{MINUS SIGN}75 %, 2013-04-29" in words(charts.drawdown(prices))


def test_coins_side_by_side_start_where_all_have_a_price() -> None:
    figure = charts.side_by_side([series(900), series(300, "solana", "coinmetrics", "2014-01-01")])
    said = words(figure)
    assert "Price rebased to 100 on 2014-01-01" in said
    assert "Bitcoin, last" in said
    assert "Solana, last" in said
    assert "Source: coingecko, coinmetrics" in said
    assert figure.axes[0].get_yscale() == "log"


def test_a_simulated_coin_beside_a_real_one_is_named() -> None:
    said = words(charts.side_by_side([series(50), series(50, "solana", "simulator")]))
    assert "Solana (simulated)" in said
    assert "Bitcoin (simulated)" not in said
    assert SIMULATED_MARK in said


def test_a_coin_polled_since_yesterday_does_not_cut_the_others_down() -> None:
    said = words(
        charts.side_by_side([series(900), series(400, "ripple"), series(29, "solana", "simulator", "2015-09-01")])
    )
    assert "Price rebased to 100 on 2013-04-28" in said
    assert "Coinlake. Left out, too few days yet: Solana" in said
    assert SIMULATED_MARK not in said


def test_a_lake_of_today_shows_all_its_coins() -> None:
    said = words(charts.side_by_side([series(1), series(2, "solana")]))
    assert "Bitcoin, last" in said
    assert "Solana, last" in said


def test_coins_without_a_shared_day_say_so() -> None:
    said = words(charts.side_by_side([series(50), series(50, "solana", start="2020-01-01")]))
    assert charts.NO_SHARED_DAY in said


def test_no_coins_side_by_side_name_the_remedy() -> None:
    assert NOTHING_TO_DRAW in words(charts.side_by_side([]))


@pytest.mark.parametrize(
    ("value", "text"),
    [(124_774.4, "$124,774"), (135.3, "$135"), (1.5, "$1.5"), (0.0002, "$0.0002"), (0.0000123, "$1.2e-05")],
)
def test_prices_are_written_as_a_person_would(value: float, text: str) -> None:
    assert usd(value) == text


@pytest.mark.parametrize(
    ("percent", "digits", "text"),
    [(1435.3, 0, "+1,435"), (-57.97, 0, "\N{MINUS SIGN}58"), (-0.3, 0, "0"), (3.07, 1, "+3.1"), (-0.04, 1, "0")],
)
def test_changes_carry_their_sign(percent: float, digits: int, text: str) -> None:
    assert change(percent, digits) == text
