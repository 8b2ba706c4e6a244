"""The pictures of an evaluation: the days to come with their interval, and each model's skill against naive."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis import style
from analysis.charts import coin_name, source_note
from analysis.forecast import realised
from analysis.forecast.skill import BEATS, LOSES, NO_BETTER, SHARE
from analysis.prices import DailySeries
from analysis.style import Caption
from pipeline.tables.forecasts import CLOSE_USD, REALISED_VOLATILITY

SHOWN_DAYS = 180  # of the past
LOWEST_SKILL = -1.0  # a model that is twice as far off as naive; worse ones would squeeze the others together
COLOURS = {BEATS: style.GREEN, NO_BETTER: style.MUTED, LOSES: style.LOSS}
WHAT = {CLOSE_USD: "price", REALISED_VOLATILITY: "realised volatility"}
ABOUT = {
    CLOSE_USD: "Last price of each UTC day, USD, log scale",
    REALISED_VOLATILITY: "Size of each UTC day's log return, percent",
}
ABOUT_MINUTES = "Root of the sum of each UTC day's squared five-minute log returns, percent"


def forecast(
    series: DailySeries,
    forecasts: pd.DataFrame,
    target: str,
    model: str,
    volatility: pd.Series[float] | None = None,
) -> Figure:
    """Draw the past, the newest forecast of a model with its interval, and earlier forecasts as thin lines.

    `forecasts` has the columns of `gold.forecasts`; `volatility` is what the evaluation was given.
    """
    rows = forecasts[(forecasts["target"] == target) & (forecasts["model"] == model)]
    level = f"; {100 * rows['level'].iloc[0]:.0f} % band"
    title = f"{coin_name(series.coin)}: {WHAT[target]}, next {rows['horizon'].max()} days by {model}"
    about, past = _past(series, target, volatility)
    caption = Caption(title, about + level, source_note([series]), simulated=series.simulated)
    return style.draw(caption, lambda axes: _paint_forecast(axes, past, rows, target))


def skills(series: DailySeries, scores: pd.DataFrame) -> Figure:
    """Draw each model's skill with its interval, a panel for each target; naive is the line at 0.

    `scores` has the columns of `gold.forecast_scores`.
    """
    judged = scores[scores["model"] != "naive"]
    panels = [rows for _, rows in judged.groupby("target", sort=False)]
    about = (
        f"1 \N{MINUS SIGN} loss / loss of naive over {scores['origins'].max()} origins, no unit; "
        f"lines: {100 * SHARE:.0f} % interval by bootstrap"
    )
    title = f"{coin_name(series.coin)}: skill against naive, {scores['horizon'].max()} days ahead"
    caption = Caption(title, about, source_note([series]), simulated=series.simulated)
    return style.draw_panels(caption, lambda axes: _paint_panels(axes, panels), [0.9 + 0.34 * len(p) for p in panels])


def _past(series: DailySeries, target: str, volatility: pd.Series[float] | None) -> tuple[str, pd.Series[float]]:
    """Return what the observed values of a target are, and the values."""
    if target == CLOSE_USD:
        return ABOUT[target], series.price
    if volatility is None:
        return ABOUT[target], realised.from_daily(series.price)
    return ABOUT_MINUTES, volatility


def _paint_forecast(axes: Axes, past: pd.Series[float], rows: pd.DataFrame, target: str) -> None:
    unit = 1 if target == CLOSE_USD else 100
    recent = past.loc[past.index[-1] - pd.Timedelta(days=SHOWN_DAYS) :]
    axes.plot(recent.index, recent * unit, color=style.BLUE, label="observed")
    newest = rows[rows["origin"] == rows["origin"].max()]
    earlier = rows[rows["origin"].between(recent.index[0], newest["origin"].iloc[0], inclusive="left")]
    for number, (_, path) in enumerate(earlier.groupby("origin")):
        label = "earlier forecasts" if number == 0 else None
        axes.plot(path["target_day"], path["value"] * unit, color=style.INK, linewidth=0.9, linestyle=":", label=label)
    days = newest["target_day"]
    axes.fill_between(days, newest["lower"] * unit, newest["upper"] * unit, color=style.AMBER, alpha=0.3, linewidth=0)
    axes.plot(days, newest["value"] * unit, color=style.ORANGE, linewidth=1.8, label="forecast")
    if target == CLOSE_USD:
        style.log_axis(axes, "Price (USD)", style.usd)
    else:
        axes.set_ylim(bottom=0)
        style.percent_axis(axes, "Volatility (percent a day)")
    style.date_axis(axes)
    style.legend_above(axes)


def _paint_panels(panels: Sequence[Axes], parts: Sequence[pd.DataFrame]) -> None:
    for axes, rows in zip(panels, parts, strict=True):
        _paint_skills(axes, rows)


def _paint_skills(axes: Axes, rows: pd.DataFrame) -> None:
    places = np.arange(len(rows))[::-1]
    low = max(LOWEST_SKILL, rows["skill_lower"].fillna(0).min())
    shown = rows[["skill", "skill_lower", "skill_upper"]].clip(lower=low)
    colours = rows["verdict"].map(COLOURS).to_numpy()
    axes.hlines(places, shown["skill_lower"], shown["skill_upper"], color=colours, linewidth=2.5)
    for off, marker in ((False, "o"), (True, "<")):  # an arrow where the skill lies off the axis
        which = (rows["skill"].lt(low) == off).to_numpy()
        axes.scatter(shown["skill"][which], places[which], color=colours[which], marker=marker, s=40, zorder=3)
    axes.axvline(0, color=style.INK, linewidth=1)
    words = rows["skill"].map(lambda value: style.change(value, 2), na_action="ignore").fillna("none")
    axes.set_yticks(places, rows["model"] + ": " + words + ", " + rows["verdict"])
    axes.set_ylim(-0.6, len(rows) - 0.4)
    axes.margins(x=0.05)
    axes.grid(axis="x")
    axes.set_xlabel(f"Skill, {WHAT[rows['target'].iloc[0]]} (right of 0: better than naive)")
