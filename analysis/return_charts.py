"""The charts of returns: all coins' years, a coin's extreme days, its Sharpe ratio, and what monthly saving gave."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis import heat_map, returns, saving, style
from analysis.charts import FACTOR_TICKS, coin_name, draw_coin, log_factor
from analysis.heat_map import Scale
from analysis.prices import DailySeries
from analysis.style import Caption
from pipeline.markets import SIMULATOR

FACTOR_LIMIT = 2.0  # log2 of a factor: a stronger year than -75 % or +300 % takes the colour of the end of the scale
FEW_BARS = 10  # with less the picture is as high as with so many
NO_CHANGE = "No rise and no fall: no two days in a row have a price, or it never moved."
NO_SHARPE = "A Sharpe ratio over {days} days needs prices of {more} days in a row, and a price that moves."
NO_PAYMENT = "Nothing to save yet: there is no first day of a month in this history."
NO_SUM = "The monthly sum must be above 0 USD."


def coin_years(yearly: pd.DataFrame) -> Figure:
    """Draw a heat map of all coins' years: a row a coin, a column a year; takes what `Lake.yearly_returns` returns."""
    percent = returns.by_coin_and_year(yearly, "return_pct").astype(float)
    sources = ", ".join(sorted(yearly["source"].unique())) or "none"
    caption = Caption(
        "Return by year of all coins",
        style.with_minus(
            "Last close over that of the year before, in percent; * not a whole year; colours are factors"
        ),
        f"Source: {sources}, by iceberg.gold.yearly_returns; years are UTC; Coinlake",
        simulated=SIMULATOR in set(yearly["source"]),
    )
    paint = partial(_paint_coin_years, yearly=yearly, percent=percent)
    return style.draw(caption, paint if len(percent) else None, heat_map.height(len(percent)))


def extreme_days(series: DailySeries, most: int = 10) -> Figure:
    """Draw a bar for each of a coin's best and worst days, from the largest rise to the deepest fall."""
    days = returns.extreme_days(series.price, most)
    about = "Close over the close of the day before, in percent; a change over a gap of several days is left out"
    height = 1.5 + 0.24 * max(len(days), FEW_BARS)
    return draw_coin(series, "best and worst days", about, lambda axes, _: _paint_extreme_days(axes, days), height)


def rolling_sharpe(series: DailySeries, days: int = 365) -> Figure:
    """Draw the Sharpe ratio of the last `days` days, annualised, without a risk-free rate."""
    about = f"Mean over standard deviation of {days} days' simple returns, times √365; no risk-free rate deducted"
    return draw_coin(series, f"Sharpe ratio over {days} days", about, partial(_paint_sharpe, days=days))


def monthly_saving(series: DailySeries, monthly_usd: float) -> Figure:
    """Draw what a fixed sum every month became, what was paid in, and the same money invested at the start."""
    about = "Bought at the close of each month's first day; value in USD, log scale; fees are ignored"
    what = f"{style.usd(monthly_usd)} saved every month"
    return draw_coin(series, what, about, partial(_paint_saving, monthly_usd=monthly_usd))


def _paint_coin_years(axes: Axes, yearly: pd.DataFrame, percent: pd.DataFrame) -> None:
    cut = returns.by_coin_and_year(yearly, "is_partial").eq(True)
    made_up = set(yearly.loc[yearly["source"] == SIMULATOR, "coin"])
    mixed = 0 < len(made_up) < len(percent)
    words = percent.map(style.change) + cut.map(lambda partial_year: "*" if partial_year else "")
    words.index = words.index.map(lambda coin: coin_name(coin) + (" (simulated)" if mixed and coin in made_up else ""))
    factors = pd.DataFrame(log_factor(percent), index=percent.index, columns=percent.columns)
    ticks = [(float(log_factor(tick)), style.change(tick)) for tick in FACTOR_TICKS]
    shown = tuple(tick for tick in ticks if abs(tick[0]) <= FACTOR_LIMIT)
    heat_map.paint(axes, factors, words, Scale("Return (percent)", FACTOR_LIMIT, shown))
    axes.set(xlabel="Year (UTC)", ylabel="Coin")


def _paint_extreme_days(axes: Axes, days: pd.DataFrame) -> None:
    if days.empty:
        style.say(axes, NO_CHANGE)
        return
    places = np.arange(len(days))[::-1]
    percent = days["return_pct"]
    axes.barh(places, percent, color=np.where(percent < 0, style.LOSS, style.GAIN), height=0.72)
    for place, value in zip(places, percent, strict=True):
        side = math.copysign(1, value)
        axes.annotate(
            f"{style.change(value, 1)} %", (value, place), (4 * side, 0), textcoords="offset points",
            ha="left" if side > 0 else "right", va="center", fontsize=9,
        )  # fmt: skip
    axes.axvline(0, color=style.MUTED, linewidth=0.8)
    axes.set_yticks(places, [f"{day:%Y-%m-%d}" for day in days["day"]], fontsize=9)
    axes.set_ylim(len(days) - max(len(days), FEW_BARS) - 0.6, len(days) - 0.4)
    axes.margins(x=0.14)
    axes.grid(axis="x")
    axes.grid(visible=False, axis="y")
    style.percent_ticks(axes.xaxis)
    axes.set(xlabel="Return of the day", ylabel="Day (UTC)")


def _paint_sharpe(axes: Axes, price: pd.Series[float], days: int) -> None:
    ratio = returns.rolling_sharpe(price, days)
    if ratio.isna().all():
        style.say(axes, NO_SHARPE.format(days=days, more=days + 1))
        return
    axes.plot(ratio.index, ratio, color=style.BLUE, marker="o" if ratio.notna().sum() < 2 else "")
    axes.axhline(0, color=style.MUTED, linewidth=0.8)
    median = ratio.median()
    label = f"median {style.with_minus(f'{median:.2f}')}"
    axes.axhline(median, color=style.INK, linewidth=1, linestyle="--", label=label)
    style.number_axis(axes, "Sharpe ratio (annualised)")
    style.date_axis(axes)
    axes.margins(y=0.1)
    style.legend_above(axes)


def _paint_saving(axes: Axes, price: pd.Series[float], monthly_usd: float) -> None:
    table = saving.monthly_saving(price, monthly_usd) if monthly_usd > 0 else None
    if table is None or table.empty:
        style.say(axes, NO_SUM if table is None else NO_PAYMENT)
        return
    last, paid = table.iloc[-1], saving.payments(table)
    at_once = pd.Series([paid.sum()], index=paid.index[:1])
    lines = (
        ("lump_usd", "all of it at the start", style.AMBER, at_once),
        ("value_usd", "saved monthly", style.BLUE, paid),
        ("paid_usd", "paid in", style.MUTED, None),
    )
    for column, name, colour, flows in lines:
        yearly = "" if flows is None else _yearly(flows, last[column], table.index[-1])
        label = f"{name}:\n{style.usd(last[column])}{yearly}"
        marker = "o" if len(table) < 2 else ""
        axes.plot(table.index, table[column], color=colour, marker=marker, label=label)
    style.log_axis(axes, "Value (USD)", style.usd)
    style.date_axis(axes)
    axes.legend(loc="upper left", bbox_to_anchor=(1, 1), labelspacing=1)


def _yearly(paid: pd.Series[float], value: float, end: pd.Timestamp) -> str:
    percent = saving.money_weighted_pct(paid, value, end)
    return f",\n{style.change(percent, 1)} % a year" if np.isfinite(percent) else ""
