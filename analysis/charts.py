"""The charts of a coin's prices: each takes daily prices and returns a finished matplotlib figure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import cycle

import numpy as np
import numpy.typing as npt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from analysis import heat_map, prices, style
from analysis.heat_map import Scale
from analysis.prices import DailySeries
from analysis.style import Caption

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
FACTOR_TICKS = (-99.0, -90.0, -75.0, -50.0, 0.0, 100.0, 300.0, 900.0, 3900.0, 9900.0)  # percent
NO_SHARED_DAY = "There is no day on which all these coins have a price."
DAYS_FOR_A_RETURN = 2
TOO_FEW_DAYS = "Too few days: a return needs the prices of two."
HEAT_LIMIT = 50.0  # percent; a stronger month takes the colour of the end of the scale


def price_history(series: DailySeries) -> Figure:
    """Draw the price on a log scale, where equal steps up are equal factors; the highest close is marked."""
    return draw_coin(series, "price", "Last price of each UTC day in USD, log scale", _paint_price_history)


def yearly_returns(series: DailySeries) -> Figure:
    """Draw a bar a year, as tall as the factor it changed the price by; unfinished years are hatched."""
    about = "Last close over that of the year before; equal heights are equal factors: -50 % is as tall as +100 %"
    return draw_coin(series, "return by year", style.with_minus(about), _paint_yearly_returns)


def drawdown(series: DailySeries) -> Figure:
    """Draw how far the price lies below its highest close so far; the deepest fall is marked."""
    return draw_coin(series, "drawdown", "Distance below the highest close so far, in percent", _paint_drawdown)


def moving_averages(series: DailySeries) -> Figure:
    """Draw the price with its 30-day and 200-day means."""
    return draw_coin(series, "price with 30-day and 200-day means", "USD, log scale", _paint_averages)


def volatility(series: DailySeries) -> Figure:
    """Draw the 30-day volatility, annualised, with its median over the whole span."""
    about = "Standard deviation of daily log returns over 30 days, times √365, in percent a year"
    return draw_coin(series, "volatility", about, _paint_volatility)


def monthly_returns(series: DailySeries) -> Figure:
    """Draw a heat map of the months' returns: a row a year, a column a month, white where nothing changed."""
    about = f"Last close over the last close of the month before, in percent; colours end at ±{HEAT_LIMIT:.0f} %"
    years = len(prices.yearly_returns(series.price))
    return draw_coin(series, "return by month", about, _paint_monthly_returns, height=heat_map.height(years))


def side_by_side(coins: Sequence[DailySeries]) -> Figure:
    """Draw several coins rebased to 100 on the first day that all of them have, on a log scale.

    Coins with too few days to compare are left out and named.
    """
    shown = prices.comparable(coins)
    table = prices.rebased({series.coin: series.price for series in shown})
    start = f" on {table.index[0]:%Y-%m-%d}, the first day they share" if len(table) else ""
    caption = Caption(
        "Coins side by side",
        f"Price rebased to 100{start}; log scale",
        source_note(shown) + _left_out_note(coins, shown),
        simulated=any(series.simulated for series in shown),
    )
    if not shown:
        return style.draw(caption, None)
    if table.empty:
        return style.draw(caption, lambda axes: style.say(axes, NO_SHARED_DAY))
    made_up = {series.coin for series in shown if series.simulated}
    return style.draw(caption, lambda axes: _paint_side_by_side(axes, table, made_up))


def draw_coin(
    series: DailySeries, what: str, about: str, paint: Callable[[Axes, pd.Series[float]], None], height: float = 4.8
) -> Figure:
    """Draw a chart of a coin: `what` is for its title, `about` says what exactly is drawn, `paint` gets the prices."""
    price = series.price
    caption = Caption(f"{coin_name(series.coin)}: {what}", about, source_note([series]), simulated=series.simulated)
    return style.draw(caption, (lambda axes: paint(axes, price)) if len(price) else None, height)


def source_note(coins: Sequence[DailySeries]) -> str:
    """Name the sources and the span of days that the chart is made of."""
    sources = dict.fromkeys(source for series in coins for source in series.sources)
    days = [day for series in coins if len(series.price) for day in pd.DatetimeIndex(series.price.index)[[0, -1]]]
    span = f", {min(days):%Y-%m-%d} to {max(days):%Y-%m-%d}" if days else ""
    return f"Source: {', '.join(sources) or 'none'}{span}; Coinlake"


def coin_name(coin: str) -> str:
    """Return a coin's id as a person writes it: Bitcoin Cash."""
    return coin.replace("-", " ").title()


def log_factor(percent: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Return log2 of the factor that a change in percent stands for: +100 % is 1, -50 % is -1."""
    return np.asarray(np.log2(1 + np.asarray(percent, dtype=np.float64) / 100))


def _paint_price_history(axes: Axes, price: pd.Series[float]) -> None:
    _plot(axes, price, style.BLUE)
    axes.margins(y=0.1)  # room for the words at the peak
    style.log_axis(axes, "Price (USD)", style.usd)
    style.date_axis(axes)
    _point_out(axes, price, int(price.argmax()), f"highest close {style.usd(price.max())}")


def _paint_yearly_returns(axes: Axes, price: pd.Series[float]) -> None:
    if len(price) < DAYS_FOR_A_RETURN:
        style.say(axes, TOO_FEW_DAYS)
        return
    returns = prices.yearly_returns(price)
    heights = log_factor(returns["return_pct"])
    colours = np.where(heights < 0, style.LOSS, style.GAIN)
    bars = axes.bar(returns.index, heights, color=colours, width=0.72, edgecolor="white", linewidth=0)
    for bar, percent, partial in zip(bars, returns["return_pct"], returns["partial"], strict=True):
        bar.set_hatch("///" if partial else "")
        if np.isfinite(percent):
            _label_bar(axes, bar, f"{style.change(percent, 0 if abs(percent) >= 10 else 1)} %")
    axes.axhline(0, color=style.MUTED, linewidth=0.8)
    axes.margins(y=0.12)
    low, high = min(axes.get_ylim()[0], -1), max(axes.get_ylim()[1], 1)
    axes.set_ylim(low, high)
    axes.set_xlim(returns.index[0] - 0.7, max(returns.index[-1], returns.index[0] + 7) + 0.7)
    shown = [tick for tick in FACTOR_TICKS if low <= log_factor(tick) <= high]
    axes.set_yticks(log_factor(shown), [f"{style.change(tick)} %" for tick in shown])
    axes.set_xticks(list(returns.index))
    axes.set(xlabel="Year (hatched: not a whole year)", ylabel="Return")


def _paint_drawdown(axes: Axes, price: pd.Series[float]) -> None:
    fall = prices.drawdown(price)
    axes.fill_between(fall.index, fall, 0, color=style.LOSS, alpha=0.3, linewidth=0)
    _plot(axes, fall, style.LOSS)
    axes.set_ylim(min(-10, fall.min() * 1.12), 0)
    style.percent_axis(axes, "Below the highest close")
    style.date_axis(axes)
    _point_out(axes, fall, int(fall.argmin()), f"deepest {style.change(fall.min())} %", below=True)


def _paint_averages(axes: Axes, price: pd.Series[float]) -> None:
    axes.plot(price.index, price, color=style.FAINT, linewidth=0.9, marker=_marker(price), label="price")
    for days, colour in ((30, style.SKY), (200, style.AMBER)):
        mean = prices.moving_average(price, days)
        label = f"{days}-day mean" if mean.notna().any() else f"{days}-day mean (none yet)"
        axes.plot(mean.index, mean, color=colour, linewidth=1.6, label=label)
    style.log_axis(axes, "Price (USD)", style.usd)
    style.date_axis(axes)
    style.legend_above(axes)


def _paint_volatility(axes: Axes, price: pd.Series[float]) -> None:
    spread = prices.volatility(price)
    if spread.isna().all():
        style.say(axes, "Volatility needs 31 days of prices in a row.")
        return
    _plot(axes, spread, style.BLUE)
    median = spread.median()
    axes.axhline(median, color=style.INK, linewidth=1, linestyle="--", label=f"median {median:.0f} %")
    axes.set_ylim(0, spread.max() * 1.1)
    style.percent_axis(axes, "Volatility (percent a year)")
    style.date_axis(axes)
    style.legend_above(axes)


def _paint_monthly_returns(axes: Axes, price: pd.Series[float]) -> None:
    if len(price) < DAYS_FOR_A_RETURN:
        style.say(axes, TOO_FEW_DAYS)
        return
    table = prices.monthly_returns(price).set_axis(list(MONTHS), axis="columns")
    words = table.map(style.change)
    heat_map.paint(axes, table, words, Scale("Return (percent)", HEAT_LIMIT))
    axes.set(xlabel="Month", ylabel="Year")


def _paint_side_by_side(axes: Axes, table: pd.DataFrame, made_up: set[str]) -> None:
    last = table.ffill().iloc[-1].sort_values(ascending=False)
    colours = dict(zip(table.columns, cycle(style.COIN_COLOURS), strict=False))
    for coin, value in zip(last.index.astype(str), last, strict=True):
        note = " (simulated)" if coin in made_up else ""
        line = table[coin].dropna()
        label = f"{coin_name(coin)}{note}, last {value:,.0f}"
        axes.plot(line.index, line, color=colours[coin], marker=_marker(line), label=label)
    axes.axhline(100, color=style.MUTED, linewidth=0.8)
    style.log_axis(axes, "Price, rebased (start = 100)", lambda value: f"{value:,.0f}" if value >= 1 else f"{value:g}")
    style.date_axis(axes)
    axes.legend(loc="upper left", bbox_to_anchor=(1, 1))


def _plot(axes: Axes, values: pd.Series[float], colour: str) -> None:
    axes.plot(values.index, values, color=colour, marker=_marker(values))


def _point_out(axes: Axes, values: pd.Series[float], at: int, words: str, *, below: bool = False) -> None:
    """Mark the line's point number `at`, with its words on the side where there is room."""
    late = at > len(values) / 2
    day = pd.DatetimeIndex(values.index)[at]
    axes.scatter(values.index[at : at + 1], values.iloc[at : at + 1], s=26, color=style.INK, zorder=3)
    axes.annotate(
        f"{words}, {day:%Y-%m-%d}",
        (day, values.iloc[at]),
        (-8 if late else 8, -6 if below else 6),
        textcoords="offset points",
        ha="right" if late else "left",
        va="top" if below else "bottom",
    )


def _label_bar(axes: Axes, bar: Rectangle, text: str) -> None:
    up = bar.get_height() >= 0
    place = (bar.get_x() + bar.get_width() / 2, bar.get_height())
    axes.annotate(
        text, place, (0, 4 if up else -4), textcoords="offset points", ha="center", va="bottom" if up else "top"
    )


def _left_out_note(coins: Sequence[DailySeries], shown: Sequence[DailySeries]) -> str:
    left_out = [coin_name(series.coin) for series in coins if series not in shown]
    return f". Left out, too few days yet: {', '.join(left_out)}" if left_out else ""


def _marker(values: pd.Series[float]) -> str:
    """Return a marker where a line would have nothing to connect."""
    return "o" if values.notna().sum() < 2 else ""
