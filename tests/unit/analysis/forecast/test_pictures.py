"""The pictures of an evaluation: what they say and draw."""

from __future__ import annotations

from datetime import UTC, datetime

import pandas as pd
import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.text import Text

from analysis import style
from analysis.forecast import pictures
from analysis.forecast.evaluate import Plan, evaluate
from analysis.forecast.results import Results, Run
from analysis.style import SIMULATED_MARK
from pipeline.tables.forecasts import CLOSE_USD, REALISED_VOLATILITY
from tests.support.price_histories import random_walk, series

PRICE = random_walk(200)


@pytest.fixture(scope="module")
def found() -> Results:
    """An evaluation of the baselines on 200 days up to 2020-07-18."""
    run = Run("run-1", datetime(2026, 1, 13, tzinfo=UTC))
    return evaluate(series(PRICE), Plan(horizon=5, origins=10, models=()), run)


def words(figure: Figure) -> str:
    """Return all that the figure says, by drawing it."""
    figure.draw_without_rendering()
    return "\n".join(artist.get_text() for artist in figure.findobj(Text) if isinstance(artist, Text))


@pytest.mark.parametrize(
    ("target", "title", "unit", "axis"),
    [
        (CLOSE_USD, "Bitcoin: price, next 5 days by naive", "USD, log scale; 90 % band", "Price (USD)"),
        (REALISED_VOLATILITY, "Bitcoin: realised volatility, next 5 days by naive", "percent", "Volatility (percent"),
    ],
)
def test_a_forecast_says_what_it_is(found: Results, target: str, title: str, unit: str, axis: str) -> None:
    said = words(pictures.forecast(series(PRICE), found.forecasts, target, "naive"))
    for part in (title, unit, axis, "Day (UTC)", "Source: coingecko, 2020-01-01 to 2020-07-18; Coinlake"):
        assert part in said
    assert SIMULATED_MARK not in said


def test_simulated_prices_are_marked(found: Results) -> None:
    coin = series(PRICE, "simulator")
    for figure in (
        pictures.forecast(coin, found.forecasts, CLOSE_USD, "naive"),
        pictures.skills(coin, found.scores),
    ):
        assert words(figure).count(SIMULATED_MARK) == 2


def test_past_forecast_and_band_are_drawn(found: Results) -> None:
    (axes,) = pictures.forecast(series(PRICE), found.forecasts, CLOSE_USD, "naive").axes
    lines = {str(line.get_label()): line for line in axes.get_lines()}
    assert lines["observed"].get_ydata()[-1] == PRICE.iloc[-1]  # type: ignore[index]
    assert list(lines["forecast"].get_ydata()) == [PRICE.iloc[-1]] * 5
    assert sum(line.get_linestyle() == ":" for line in axes.get_lines()) == 10
    (band,) = axes.collections
    newest = found.forecasts[found.forecasts["origin"] == PRICE.index[-1]].iloc[:5]
    heights = band.get_paths()[0].vertices[:, 1]  # type: ignore[index]
    assert (heights.min(), heights.max()) == pytest.approx((newest["lower"].min(), newest["upper"].max()))


def test_the_past_is_drawn_as_it_was_measured(found: Results) -> None:
    measured = PRICE / PRICE.max()
    figure = pictures.forecast(series(PRICE), found.forecasts, REALISED_VOLATILITY, "naive", measured)
    (axes,) = figure.axes
    observed = next(line for line in axes.get_lines() if line.get_label() == "observed")
    assert observed.get_ydata()[-1] == pytest.approx(100 * measured.iloc[-1])  # type: ignore[index]
    assert "five-minute log returns" in words(figure)


def scores(*rows: tuple[str, str, float, float, float, str]) -> pd.DataFrame:
    columns = ["target", "model", "skill", "skill_lower", "skill_upper", "verdict"]
    return pd.DataFrame(list(rows), columns=columns).assign(horizon=14, origins=30)


SCORES = scores(
    (CLOSE_USD, "naive", 0.0, 0.0, 0.0, "no better than naive"),
    (CLOSE_USD, "arima", -0.02, -0.1, 0.05, "no better than naive"),
    (CLOSE_USD, "gbt_calendar", -3.0, -4.0, -2.0, "loses to naive"),
    (REALISED_VOLATILITY, "naive", 0.0, 0.0, 0.0, "no better than naive"),
    (REALISED_VOLATILITY, "har", 0.11, 0.04, 0.16, "beats naive"),
)


def test_skills_are_drawn_with_their_verdicts() -> None:
    figure = pictures.skills(series(PRICE), SCORES)
    said = words(figure)
    for part in (
        "Bitcoin: skill against naive, 14 days ahead",
        "over 30 origins, no unit; lines: 95 % interval",
        "arima: \N{MINUS SIGN}0.02, no better than naive",
        "gbt_calendar: \N{MINUS SIGN}3.00, loses to naive",
        "har: +0.11, beats naive",
    ):
        assert part in said
    assert "\nnaive:" not in said


def test_a_skill_off_the_axis_is_an_arrow_at_its_end() -> None:
    _, price, volatility = pictures.skills(series(PRICE), SCORES).axes
    lines, points, arrows = price.collections
    assert points.get_offsets().tolist() == [[-0.02, 1.0]]  # type: ignore[union-attr]
    assert arrows.get_offsets().tolist() == [[-1.0, 0.0]]  # type: ignore[union-attr]
    assert [to_hex(colour) for colour in lines.get_edgecolor()] == [style.MUTED, style.LOSS.lower()]
    assert [to_hex(colour) for colour in volatility.collections[1].get_facecolor()] == [style.GREEN.lower()]


def test_a_skill_that_is_missing_leaves_its_place_empty() -> None:
    rows = scores((CLOSE_USD, "arima", float("nan"), float("nan"), float("nan"), "no better than naive"))
    assert "arima: none, no better than naive" in words(pictures.skills(series(PRICE), rows))
