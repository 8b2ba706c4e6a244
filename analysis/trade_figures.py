"""What the charts of trades share: a caption from the rows, and words where there are none."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from analysis import style, trades
from analysis.style import Caption

NO_TRADES = "No trades to draw in this time.\npipeline/scripts/pipeline_status.sh shows whether they arrive."
TIMES = (("minute", "minute"), ("window_end", "window_end"), ("first_trade", "last_trade"))  # of some row, first, last


def draw_rows(caption: Caption, paint: Callable[[Axes], None], rows: pd.DataFrame, height: float = 4.8) -> Figure:
    """Draw one set of axes; without rows the chart is low and tells what to do."""
    return style.draw(caption, paint, height) if len(rows) else draw_nothing(caption)


def draw_nothing(caption: Caption) -> Figure:
    """Draw no more than the caption and what to do."""
    return style.draw(caption, lambda axes: style.say(axes, NO_TRADES), 2.4)


def caption_of(title: str, about: str, rows: pd.DataFrame, more: str = "") -> Caption:
    """Return a caption that names the sources and the span of the rows; `more` follows it."""
    sources = ", ".join(sorted(rows["source"].unique())) or "none"
    return Caption(title, about, f"Source: {sources}{_when(rows)}; Coinlake{more}", simulated=trades.simulated(rows))


def quote_of(product: str) -> str:
    """Return the quote currency of a product: USD of BTC-USD."""
    return product.partition("-")[2]


def _when(rows: pd.DataFrame) -> str:
    """Tell the span of the rows' times, where they have any."""
    ends = [(first, last) for first, last in TIMES if first in rows and len(rows)]
    spans = [(rows[first].min(), rows[last].max()) for first, last in ends]
    return "".join(f", {first:%Y-%m-%d %H:%M} to {last:%Y-%m-%d %H:%M} UTC" for first, last in spans)
