"""The charts of trades: what each says and draws, for many rows, one row, none, and simulated ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pytest
from matplotlib.collections import PathCollection
from matplotlib.dates import num2date
from matplotlib.patches import Rectangle

from analysis import style, trade_charts, trade_figures
from analysis.style import SIMULATED_MARK
from tests.support import trade_answers as made
from tests.support.trade_answers import BTC, ETH, Row
from tests.unit.analysis.test_charts import ink, words

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MINUS = "\N{MINUS SIGN}"


def volumes(source: str = "coinbase", quotes: tuple[str, ...] = ("USD",)) -> list[Row]:
    """Return BTC with three quarters of the turnover, ETH with a quarter, in each quote currency; DOT has none."""
    turnover = {"BTC": "9000000", "ETH": "3000000", "DOT": "0"}
    return [[source, a, quote, "1", value, 5, "1"] for quote in quotes for a, value in turnover.items()]


def draw_trend(source: str, rows: int) -> Figure:
    return trade_charts.price_trend(made.frame("price_trend", made.trend(source=source, minutes=rows)), BTC)


def draw_trends(source: str, rows: int) -> Figure:
    return trade_charts.price_trends(made.frame("price_trend", made.trend(source=source, minutes=rows)))


def draw_candles(source: str, rows: int) -> Figure:
    return trade_charts.candles(made.frame("candles", made.candles(source=source, minutes=rows)), BTC)


def draw_volume(source: str, rows: int) -> Figure:
    return trade_charts.volume_per_asset(made.frame("volume_per_asset", volumes(source)[:rows]), 24)


def draw_alerts(source: str, rows: int) -> Figure:
    candles = made.frame("candles", made.candles(source=source, minutes=rows))
    return trade_charts.alerts(candles, made.frame("live_alerts", [made.alert(0, -2.5, source=source)]), BTC)


def draw_freshness(source: str, rows: int) -> Figure:
    quantiles = [made.freshness(channel, source) for channel in ("matches", "rest")]
    return trade_charts.freshness(made.frame("trade_freshness", quantiles[:rows]))


CHARTS = [draw_trend, draw_trends, draw_candles, draw_volume, draw_alerts, draw_freshness]
Draw = Callable[[str, int], "Figure"]


@pytest.mark.parametrize("draw", CHARTS)
@pytest.mark.parametrize("rows", [1, 2, 90])
def test_a_chart_can_be_drawn_and_names_its_source(draw: Draw, rows: int) -> None:
    figure = draw("coinbase", rows)
    assert ink(figure) > 500
    said = words(figure)
    assert "Source: coinbase" in said
    assert SIMULATED_MARK not in said


@pytest.mark.parametrize("draw", CHARTS)
def test_a_simulated_chart_says_so_in_the_title_and_across(draw: Draw) -> None:
    said = words(draw("simulator", 90))
    assert said.count(SIMULATED_MARK) == 2
    assert "Source: simulator" in said


@pytest.mark.parametrize("draw", CHARTS)
def test_a_chart_without_trades_names_the_remedy(draw: Draw) -> None:
    said = words(draw("coinbase", 0))
    assert trade_figures.NO_TRADES in said
    assert "pipeline_status.sh" in said


def test_the_trend_shows_mean_vwap_and_band() -> None:
    figure = draw_trend("coinbase", 90)
    (axes,) = figure.axes
    lines = {line.get_label(): np.asarray(line.get_ydata(), dtype=float) for line in axes.lines}
    assert lines["mean"].tolist() == [100.0 + n for n in range(90)]
    assert np.isnan(lines["VWAP"][0])
    assert lines["VWAP"][1:].tolist() == [100.5 + n for n in range(1, 90)]
    band = axes.collections[0].get_paths()[0].get_extents()
    assert (band.ymin, band.ymax) == (100.0, 278.0)
    assert (axes.get_ylabel(), axes.get_title(loc="left")) == ("Price (USD)", "BTC-USD: rolling hour")
    assert "2026-11-21 16:00 to 2026-11-21 17:29 UTC" in words(figure)


def panels(figure: Figure) -> list[Axes]:
    return figure.axes[1:]


def test_products_are_panels_by_turnover_and_simulated_ones_are_named() -> None:
    rows = [*made.trend(price=10), *made.trend(ETH, "simulator", price=9000), *made.trend(source="simulator")]
    figure = trade_charts.price_trends(made.frame("price_trend", rows))
    titles = [axes.get_title(loc="left") for axes in panels(figure)]
    assert titles == ["ETH-USD (simulated)  +1.25 %", "BTC-USD  +1.25 %"]
    assert words(figure).count(SIMULATED_MARK) == 2


def test_products_that_are_all_simulated_need_no_word_each() -> None:
    assert [axes.get_title(loc="left") for axes in panels(draw_trends("simulator", 2))] == [BTC]


def test_products_too_many_for_panels_are_named() -> None:
    many = [row for n in range(26) for row in made.trend(f"C{n}-USD", minutes=2, price=100 * (n + 1))]
    figure = trade_charts.price_trends(made.frame("price_trend", many))
    assert len(panels(figure)) == 24
    assert "Left out, less turnover: C1-USD, C0-USD" in words(figure)


def test_candles_have_bodies_wicks_and_volume() -> None:
    price, volume = panels(draw_candles("coinbase", 2))
    bodies = [patch for patch in price.patches if isinstance(patch, Rectangle)]
    assert [(body.get_y(), body.get_height()) for body in bodies] == [(100, 1), (100, 1)]
    assert [body.get_facecolor()[:3] == (1, 1, 1) for body in bodies] == [True, False]
    wicks = [path.get_extents() for path in price.collections[0].get_paths()]
    assert [(wick.ymin, wick.ymax) for wick in wicks] == [(99, 102), (99, 102)]
    middles = [body.get_x() + body.get_width() / 2 for body in bodies]
    assert [wick.xmin for wick in wicks] == pytest.approx(middles)
    assert [num2date(middle).second for middle in middles] == [30, 30]  # of the minute
    assert [bar.get_height() for bar in volume.patches if isinstance(bar, Rectangle)] == [2, 2]
    assert (price.get_ylabel(), volume.get_ylabel()) == ("Price (USD)", "Volume (BTC)")
    assert price.get_xlim() == volume.get_xlim()


@pytest.mark.parametrize(
    ("rows", "title"), [(90, "BTC-USD: one-minute"), (400, "BTC-USD: 5-minute"), (10_000, "BTC-USD: 1-hour")]
)
def test_the_title_tells_the_width_of_a_candle(rows: int, title: str) -> None:
    figure = draw_candles("coinbase", rows)
    assert figure.axes[0].get_title(loc="left") == f"{title} candles"
    assert len(panels(figure)[1].patches) <= 180


def test_one_candle_is_not_as_wide_as_the_picture() -> None:
    price, _ = panels(draw_candles("coinbase", 1))
    (body,) = (patch for patch in price.patches if isinstance(patch, Rectangle))
    low, high = price.get_xlim()
    assert body.get_width() < (high - low) / 10


def test_each_quote_currency_has_its_panel_and_shares() -> None:
    figure = trade_charts.volume_per_asset(made.frame("volume_per_asset", volumes(quotes=("USD", "EUR"))), 24)
    assert {axes.get_xlabel() for axes in panels(figure)} == {"Turnover (USD)", "Turnover (EUR)"}
    said = words(figure)
    assert "9 M USD, 75 %" in said
    assert "3 M EUR, 25 %" in said
    assert "last 24 h" in said
    assert "DOT" not in said


def scattered(axes: Axes) -> dict[str, list[float]]:
    """Return where the chart has markers: their values on the y axis, by label."""
    marks = [artist for artist in axes.collections if isinstance(artist, PathCollection)]
    return {str(mark.get_label()): np.asarray(mark.get_offsets())[:, 1].tolist() for mark in marks}


def test_alerts_are_marked_on_the_price_of_their_product() -> None:
    raised = [made.alert(5, -2.5), made.alert(25, 3), made.alert(9, 9, ETH), made.alert(7, 8, source="simulator")]
    candles = made.frame("candles", made.candles(minutes=30))
    figure = trade_charts.alerts(candles, made.frame("live_alerts", raised), BTC)
    (axes,) = figure.axes
    assert scattered(axes) == {"flash crash (1)": [101.0], "price surge (1)": [101.0]}
    assert axes.get_title(loc="left") == "BTC-USD: 2 alerts"
    labels = [text.get_text() for text in axes.texts if "%" in text.get_text()]
    assert labels == ["+3.00 % in 60 s", f"{MINUS}2.50 % in 60 s"]


def test_the_last_price_of_a_minute_stands_at_its_end() -> None:
    figure = trade_charts.alerts(made.frame("candles", made.candles(minutes=2)), made.frame("live_alerts"), BTC)
    at = pd.DatetimeIndex(figure.axes[0].lines[0].get_xdata(orig=True))
    assert at.strftime("%H:%M").tolist() == ["16:01", "16:02"]


@pytest.mark.parametrize("others", [[], [made.alert(5, 3, ETH), made.alert(5, 3, source="simulator")]])
def test_no_alert_is_told(others: list[Row]) -> None:
    figure = trade_charts.alerts(made.frame("candles", made.candles()), made.frame("live_alerts", others), BTC)
    assert figure.axes[0].get_title(loc="left") == "BTC-USD: no alert in this time"
    assert figure.axes[0].get_legend() is None


def test_delays_run_from_the_median_to_the_latest() -> None:
    figure = draw_freshness("coinbase", 1)
    (axes,) = figure.axes
    assert [label.get_text() for label in axes.get_yticklabels()] == [
        "matches: trade to receipt",
        "matches: receipt to Kafka",
        "matches: trade to Kafka",
    ]
    spans = [path.get_extents() for path in axes.collections[0].get_paths()]
    assert [(span.xmin, span.xmax) for span in spans] == [(1, 40), (50, 90), (50, 4000)]  # 0 ms is drawn as 1 ms
    assert {"0 ms", "40 ms", "4 s"} <= {text.get_text() for text in axes.texts}


def test_words_on_a_line_have_a_halo() -> None:
    (axes,) = draw_alerts("coinbase", 30).axes
    (label,) = (text for text in axes.texts if "%" in text.get_text())
    assert label.get_path_effects() == style.HALO


def test_a_quiet_hour_breaks_the_line() -> None:
    rows = made.frame("price_trend", made.trend(minutes=90))
    figure = trade_charts.price_trend(pd.concat([rows[:5], rows[70:]]), BTC)
    mean = np.asarray(figure.axes[0].lines[0].get_ydata(), dtype=float)
    assert np.isnan(mean).tolist() == [False] * 5 + [True] + [False] * 20
