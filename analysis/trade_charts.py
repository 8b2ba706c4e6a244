"""The charts of the trade notebook: each takes a frame as `Lake` returns it and returns a finished figure."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.dates import date2num
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from analysis import style, trades
from analysis.trade_figures import caption_of, draw_nothing, draw_rows, quote_of

MOST_PANELS = 24
MOST_CANDLES = 180  # with more, a candle is too narrow to be seen
FEW_CANDLES = 20  # with less the picture is as wide as with so many
MOST_ALERT_LABELS = 6
MINUTES_A_DAY = 1440
FASTEST_MS = 1.0  # Presto's times end at the millisecond; what took less is drawn here
CRASH = "FLASH_CRASH"


def price_trend(trend: pd.DataFrame, product: str) -> Figure:
    """Draw the rolling hour of a product: mean, volume-weighted mean, and the band from lowest to highest price."""
    rows = trades.one_product(trend, product)
    about = f"At every minute, of all trades of the hour before it; {quote_of(product)}"
    caption = caption_of(f"{product}: rolling hour", about, rows)
    return draw_rows(caption, lambda axes: _paint_detailed_trend(axes, rows, quote_of(product)), rows)


def price_trends(trend: pd.DataFrame) -> Figure:
    """Draw the rolling hour of every product, a panel each, the largest turnover first."""
    rows = trades.real_first(trend)
    newest = rows.groupby("product_id").last()
    order = (newest["vwap"] * newest["volume"]).sort_values(ascending=False).index
    shown = [rows[rows["product_id"] == product] for product in order[:MOST_PANELS]]
    left_out = f". Left out, less turnover: {', '.join(order[MOST_PANELS:])}" if len(order) > MOST_PANELS else ""
    about = "Mean (line), VWAP (dashes), lowest to highest (band); behind the name: the mean against an hour before"
    caption = caption_of("Rolling hour of all products", about, rows, left_out)
    if not shown:
        return draw_nothing(caption)
    columns = min(len(shown), 2 if len(shown) <= 6 else 4)
    heights = [2.0 if columns < 4 else 1.6] * math.ceil(len(shown) / columns)
    return style.draw_panels(caption, lambda panels: _paint_trends(panels, shown), heights, columns)


def candles(minutes: pd.DataFrame, product: str) -> Figure:
    """Draw a product's candles with the volume below; minutes that are too many are put together."""
    rows = trades.one_product(minutes, product)
    width, wider = trades.widened(rows, MOST_CANDLES)
    about = "Hollow: closed above its opening, filled: below; the newest candle is still growing"
    caption = caption_of(f"{product}: {candle_words(width)} candles", about, rows)
    if rows.empty:
        return draw_nothing(caption)
    return style.draw_panels(caption, lambda panels: _paint_candles(panels, wider, width, product), [3.4, 1.2])


def volume_per_asset(volume: pd.DataFrame, hours: int) -> Figure:
    """Draw each asset's turnover of the last `hours`, a panel for each quote currency."""
    rows = trades.real_first(volume[volume["turnover"] > 0], ("asset", "quote"))
    about = f"Price times size of all trades of the last {hours} h, in the quote currency; log scale, share of all"
    caption = caption_of("Turnover by asset", about, rows)
    if rows.empty:
        return draw_nothing(caption)
    by_quote = sorted((part.sort_values("turnover") for _, part in rows.groupby("quote")), key=len, reverse=True)
    heights = [0.7 + 0.26 * len(part) for part in by_quote]
    return style.draw_panels(caption, lambda panels: _paint_each(panels, by_quote, _paint_volume), heights)


def alerts(minutes: pd.DataFrame, raised: pd.DataFrame, product: str) -> Figure:
    """Draw the price of a product, minute by minute, and each alert where it was triggered."""
    rows = trades.one_product(minutes, product)
    marks = trades.one_product(raised, product)
    marks = marks[marks["source"].isin(rows["source"])]
    count = f"{len(marks)} alert{'' if len(marks) == 1 else 's'}" if len(marks) else "no alert in this time"
    about = f"Last price of every minute, band from lowest to highest; {quote_of(product)}"
    caption = caption_of(f"{product}: {count}", about, rows)
    return draw_rows(caption, lambda axes: _paint_alerts(axes, rows, marks, product), rows)


def freshness(quantiles: pd.DataFrame) -> Figure:
    """Draw how late trades came, by source and channel: from the median to the slowest, for each step of the way."""
    rows = trades.delays(trades.real_first(quantiles, ()))
    caption = caption_of("How late trades come", "By channel and step of the way; log scale", rows)
    return draw_rows(caption, lambda axes: _paint_delays(axes, rows), rows, 1.8 + 0.42 * max(len(rows), 3))


def _paint_detailed_trend(axes: Axes, rows: pd.DataFrame, quote: str) -> None:
    _paint_trend(axes, rows)
    style.number_axis(axes, f"Price ({quote})")
    style.time_axis(axes)
    axes.set_xlabel("End of the hour (UTC)")
    style.legend_above(axes)


def _paint_trend(axes: Axes, rows: pd.DataFrame) -> None:
    line = trades.with_breaks(rows.set_index("window_end")[["avg_price", "min_price", "max_price", "vwap"]])
    axes.fill_between(
        line.index, line["min_price"], line["max_price"], color=style.SKY, alpha=0.25, linewidth=0, label="min to max"
    )
    marker = "o" if len(line) < 2 else ""
    axes.plot(line.index, line["avg_price"], color=style.BLUE, marker=marker, label="mean")
    axes.plot(line.index, line["vwap"], color=style.PURPLE, linestyle=(0, (4, 2)), label="VWAP")


def _paint_trends(panels: Sequence[Axes], products: Sequence[pd.DataFrame]) -> None:
    mixed = len({trades.simulated(rows) for rows in products}) > 1
    for axes, rows in zip(panels, products, strict=False):
        _paint_trend(axes, rows)
        style.number_axis(axes, "")
        axes.yaxis.set_major_locator(MaxNLocator(4))
        move = rows["move_pct"].iloc[-1]
        words = f"  {style.change(move, 2)} %" if pd.notna(move) else ""
        note = " (simulated)" if mixed and trades.simulated(rows) else ""
        axes.set_title(f"{rows['product_id'].iloc[0]}{note}{words}", loc="left", fontsize=9)
        axes.tick_params(labelsize=8)
        if axes is not panels[0]:
            axes.sharex(panels[0])
    style.time_axis(panels[0], ticks=4)
    for axes in panels:  # the days stand in the caption
        axes.xaxis.get_offset_text().set_visible(False)


def _paint_candles(panels: Sequence[Axes], rows: pd.DataFrame, minutes: int, product: str) -> None:
    price, volume = panels
    at = _days(rows.index) + minutes / MINUTES_A_DAY / 2
    width = 0.75 * minutes / MINUTES_A_DAY
    rising = (rows["close"] >= rows["open"]).to_numpy()
    colours = np.where(rising, style.GAIN, style.LOSS)
    price.vlines(at, rows["low"], rows["high"], color=colours, linewidth=0.9, zorder=2)
    bottoms, heights = rows[["open", "close"]].min(axis=1), (rows["close"] - rows["open"]).abs()
    fills = np.where(rising, "white", style.LOSS)
    price.bar(at, heights, width, bottoms, color=fills, edgecolor=colours, linewidth=0.9, zorder=3)
    volume.bar(at, rows["volume"], width, color=colours)
    base = product.partition("-")[0]
    style.number_axis(price, f"Price ({quote_of(product)})")
    style.number_axis(volume, f"Volume ({base})", style.compact)
    volume.sharex(price)
    volume.xaxis_date()
    style.time_axis(volume)
    price.tick_params(labelbottom=False)
    volume.set_xlim(at[0] - width, max(at[-1], at[0] + FEW_CANDLES * minutes / MINUTES_A_DAY) + width)
    volume.set_xlabel("Start of the candle (UTC)")


def _paint_each(
    panels: Sequence[Axes], parts: Sequence[pd.DataFrame], paint: Callable[[Axes, pd.DataFrame], None]
) -> None:
    for axes, part in zip(panels, parts, strict=True):
        paint(axes, part)


def _paint_volume(axes: Axes, rows: pd.DataFrame) -> None:
    turnover = rows["turnover"].astype(float)
    quote = rows["quote"].iloc[0]
    axes.scatter(turnover, rows["asset"], s=36, color=style.BLUE, zorder=3)
    for asset, value in zip(rows["asset"], turnover, strict=True):
        words = f"{style.compact(value)} {quote}, {style.share(value / turnover.sum())}"
        axes.annotate(
            words, (value, asset), (7, 0), textcoords="offset points", va="center", fontsize=9, path_effects=style.HALO
        )
    axes.set_xscale("log")
    low, high = turnover.min() / 2, turnover.max()
    axes.set_xlim(low, high * max(8, (high / low) ** 0.22))  # room for the words of the largest
    style.plain_ticks(axes.xaxis, style.compact)
    axes.grid(axis="both")
    axes.set_ylim(-0.7, len(rows) - 0.3)
    axes.set_xlabel(f"Turnover ({quote})")


def _paint_alerts(axes: Axes, rows: pd.DataFrame, marks: pd.DataFrame, product: str) -> None:
    at_the_end = rows.set_index(rows["minute"] + pd.Timedelta(minutes=1))  # when the last price of the minute held
    line = trades.with_breaks(at_the_end[["low", "high", "close"]])
    axes.fill_between(line.index, line["low"], line["high"], color=style.SKY, alpha=0.35, linewidth=0)
    axes.plot(line.index, line["close"], color=style.BLUE, linewidth=0.9, marker="o" if len(line) < 2 else "")
    for crash, marker, colour in ((True, "v", style.LOSS), (False, "^", style.GREEN)):
        kind = marks[(marks["alert_type"] == CRASH) == crash]
        label = f"{'flash crash' if crash else 'price surge'} ({len(kind)})"
        axes.scatter(kind["triggered_at"], kind["price"], s=60, marker=marker, color=colour, zorder=4, label=label)
    times = rows["minute"]
    middle = times.min() + (times.max() - times.min()) / 2
    for _, mark in trades.told_apart(marks, MOST_ALERT_LABELS, times.max() - times.min()).iterrows():
        down, late = mark["alert_type"] == CRASH, mark["triggered_at"] > middle
        axes.annotate(
            f"{style.change(mark['move_pct'], 2)} % in {mark['window_s']} s",
            (mark["triggered_at"], mark["price"]),
            (4 if late else -4, -9 if down else 9),
            textcoords="offset points",
            ha="right" if late else "left",
            va="top" if down else "bottom",
            path_effects=style.HALO,
            zorder=4,
        )
    axes.margins(y=0.12)
    style.number_axis(axes, f"Price ({quote_of(product)})")
    style.time_axis(axes)
    axes.set_xlabel("Time (UTC)")
    if len(marks):
        style.legend_above(axes)


def _paint_delays(axes: Axes, rows: pd.DataFrame) -> None:
    places = np.arange(len(rows))[::-1]
    values = rows[list(trades.QUANTILES)].astype(float).clip(lower=FASTEST_MS)
    axes.hlines(places, values["p50"], values["max"], color=style.GRID, linewidth=3, zorder=2)
    looks = {"p50": ("o", style.BLUE), "p90": ("D", style.SKY), "p99": ("s", style.AMBER), "max": ("|", style.INK)}
    names = {"p50": "median", "p90": "90 %", "p99": "99 %", "max": "slowest"}
    for name, (marker, colour) in looks.items():
        axes.scatter(values[name], places, s=44, marker=marker, color=colour, zorder=3, label=names[name])
    for name, side in (("p50", -1), ("max", 1)):
        for place, x, value in zip(places, values[name], rows[name], strict=True):
            axes.annotate(
                style.duration(value), (x, place), (8 * side, 0), textcoords="offset points",
                ha="left" if side > 0 else "right", va="center", fontsize=9,
            )  # fmt: skip
    axes.set_xscale("log")
    axes.set_xlim(values["p50"].min() / 3, values["max"].max() * 3)
    style.plain_ticks(axes.xaxis, style.duration)
    axes.set_yticks(places, rows["channel"] + ": " + rows["step"])
    axes.set_ylim(-0.6, len(rows) - 0.4)
    axes.grid(axis="both")
    axes.set_xlabel("Delay")
    axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=4, borderaxespad=0.3)


def candle_words(minutes: int) -> str:
    """Return how wide a candle is, in words."""
    return "one-minute" if minutes == 1 else f"{minutes}-minute" if minutes < 60 else f"{minutes // 60}-hour"


def _days(times: pd.Index) -> np.ndarray:
    return np.asarray(date2num(times))  # type: ignore[no-untyped-call]  # matplotlib.dates is untyped
