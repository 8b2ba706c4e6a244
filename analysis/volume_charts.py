"""The charts of where the volume was: the price weighted by it (VWAP), and the volume at each price level."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis import style, trades
from analysis.trade_charts import MOST_CANDLES, candle_words
from analysis.trade_figures import caption_of, draw_rows, quote_of


def vwap(minutes: pd.DataFrame, product: str, hours: float) -> Figure:
    """Draw the VWAP of each candle, of the `hours` before it, and of all the minutes together."""
    rows = trades.one_product(minutes, product)
    about = f"Price weighted by volume, band from lowest to highest; {quote_of(product)}"
    caption = caption_of(f"{product}: VWAP", about, rows)
    return draw_rows(caption, lambda axes: _paint_vwap(axes, rows, product, hours), rows)


def volume_profile(profile: pd.DataFrame, product: str) -> Figure:
    """Draw the volume at each price level; the value area, which holds 70 % of it, is dark."""
    rows = trades.one_product(profile, product)
    about = f"Sum of the trades' sizes by price level; dark: the value area, {trades.VALUE_AREA:.0%} of the volume"
    caption = caption_of(f"{product}: volume by price", about.replace("%", " %"), rows)
    return draw_rows(caption, lambda axes: _paint_profile(axes, rows, product), rows)


def _paint_vwap(axes: Axes, rows: pd.DataFrame, product: str, hours: float) -> None:
    width, candles = trades.widened(rows, MOST_CANDLES)
    ends = candles.set_axis(pd.DatetimeIndex(candles.index) + pd.Timedelta(minutes=width))
    line = trades.with_breaks(ends[["low", "high"]].assign(vwap=trades.vwap(ends)))
    rolling = trades.rolling_vwap(rows, hours)
    label = f"{hours:g} h" if rolling.notna().any() else f"{hours:g} h (none yet)"
    whole = trades.vwap(rows[["turnover", "volume"]].sum().to_frame().T).iloc[0]
    marker = "o" if len(line) < 2 else ""
    axes.fill_between(line.index, line["low"], line["high"], color=style.SKY, alpha=0.25, linewidth=0)
    axes.plot(line.index, line["vwap"], color=style.BLUE, marker=marker, label=f"{candle_words(width)} candle")
    axes.plot(rolling.index, rolling, color=style.AMBER, linewidth=1.8, label=label)
    if np.isfinite(whole):
        words = f"all of it: {whole:,.6g}"
        axes.axhline(whole, color=style.INK, linewidth=1, linestyle="--", label=words)
    style.number_axis(axes, f"Price ({quote_of(product)})")
    style.time_axis(axes)
    axes.set_xlabel("Time (UTC)")
    style.legend_above(axes)


def _paint_profile(axes: Axes, rows: pd.DataFrame, product: str) -> None:
    levels = rows.sort_values("level")
    volume = levels["volume"].astype(float)
    low, high, largest = trades.value_area(volume)
    places = np.arange(len(levels))
    colours = np.where((places >= low) & (places <= high), style.BLUE, style.SKY)
    middles = (levels["price_from"] + levels["price_to"]) / 2
    heights = (levels["price_to"] - levels["price_from"]).to_numpy()
    if not heights.any():  # one price only
        heights = np.full(len(levels), 0.001 * float(middles.iloc[0]))
    axes.barh(middles, volume, 0.9 * heights, color=colours)
    at = float(middles.iloc[largest])
    axes.axhline(at, color=style.INK, linewidth=1, linestyle="--", label=f"most volume: {at:,.6g}")
    axes.margins(x=0.02)
    if len(levels) == 1:
        axes.set_ylim(at - 10 * heights[0], at + 10 * heights[0])
    style.number_axis(axes, f"Price ({quote_of(product)})")
    axes.grid(axis="x")
    axes.set_xlabel(f"Volume ({product.partition('-')[0]})")
    style.legend_above(axes)
