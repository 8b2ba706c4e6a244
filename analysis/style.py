"""How the charts look: one canvas, one palette, one way to say where the numbers come from.

Figures are made without pyplot: nothing global changes, and a chart draws the same in a notebook and in a test.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.text import Text
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter, NullLocator

# Okabe and Ito's palette, told apart with every kind of colour blindness; its yellow is too pale for lines.
BLUE, ORANGE, GREEN, PURPLE, SKY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9"
AMBER = "#E69F00"
COIN_COLOURS = (BLUE, AMBER, GREEN, PURPLE, SKY, "#000000")  # without the colour of losses
MARK = "#7A0177"  # of what is simulated, and of nothing else
GAIN, LOSS = BLUE, ORANGE
DIVERGING = "RdBu"  # loss red, gain blue, white between: safe for colour blindness, and the bars' colours
INK, MUTED, FAINT, GRID = "#222222", "#666666", "#999999", "#DDDDDD"
HALO = [withStroke(linewidth=2.5, foreground="white")]  # keeps words readable where a line runs through them
SIMULATED_MARK = "SIMULATED DATA"
NOTHING_TO_DRAW = "No prices to draw yet.\npipeline/init/init_coin_data.sh loads the history."

STYLE: dict[Any, object] = {  # matplotlib's stubs type the names one by one
    "font.family": "DejaVu Sans",  # matplotlib ships it, so the charts look the same everywhere
    "font.size": 10,
    "text.color": INK,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "lines.linewidth": 1.3,
    "legend.frameon": False,
}


@dataclass(frozen=True)
class Caption:
    """What stands around a chart: the title, what exactly is drawn and in which unit, and where it comes from."""

    title: str
    subtitle: str
    source: str
    simulated: bool = False


def draw(caption: Caption, paint: Callable[[Axes], None] | None, height: float = 4.8) -> Figure:
    """Return a figure with one set of axes in Coinlake's style, painted by `paint` and captioned.

    `height` is in inches, the width is always 10. Without anything to paint (None) the chart says what to do.
    Simulated data is marked in the title and across the picture.
    """
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(10, height), dpi=110, layout="constrained", facecolor="white")
        axes = figure.add_subplot()
        if paint is None:
            say(axes, NOTHING_TO_DRAW)
        else:
            paint(axes)
        _write_caption(figure, axes, caption)
        if caption.simulated:
            _mark_simulated(axes)
    return figure


def draw_panels(
    caption: Caption, paint: Callable[[Sequence[Axes]], None], heights: Sequence[float], columns: int = 1
) -> Figure:
    """Return a figure of several axes under one caption: a row for each of `heights` (inches), `columns` wide.

    `paint` gets the axes row by row; those that it leaves empty are taken away.
    """
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(10, sum(heights) + 1.2), dpi=110, layout="constrained", facecolor="white")
        grid = figure.add_gridspec(len(heights) + 1, columns, height_ratios=[0.01, *heights])
        head = figure.add_subplot(grid[0, :])
        head.set_axis_off()
        panels = [figure.add_subplot(grid[row + 1, column]) for row in range(len(heights)) for column in range(columns)]
        paint(panels)
        for axes in panels:
            if not axes.has_data():
                axes.remove()
        _write_caption(figure, head, caption)
        if caption.simulated:
            _mark_title(head)
            _mark_across(figure.text(0.5, 0.45, SIMULATED_MARK))
    return figure


def time_axis(axes: Axes, ticks: int = 12) -> None:
    """Label the x axis of a chart of minutes or hours; `ticks` is how many there may be."""
    locator = AutoDateLocator(minticks=3, maxticks=ticks)  # type: ignore[no-untyped-call]  # as above
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
    axes.margins(x=0.01)
    if axes.dataLim.width == 0:  # one moment only
        axes.set_xlim(axes.dataLim.x0 - 0.02, axes.dataLim.x1 + 0.02)


def number_axis(axes: Axes, label: str, text: Callable[[float], str] | None = None) -> None:
    """Label the y axis with whole numbers written out, whatever their size; `text` writes them otherwise."""
    axes.yaxis.set_major_formatter(_formatter(text or number))
    axes.set_ylabel(label)


def plain_ticks(axis: Axis, text: Callable[[float], str]) -> None:
    """Write the ticks of a logarithmic axis out with `text`: powers of ten, between them only if these are few."""
    low, high = axis.get_view_interval()
    axis.set_major_locator(LogLocator(base=10, subs=(1,) if high / low > 1000 else (1, 2, 5)))
    axis.set_major_formatter(_formatter(text))
    axis.set_minor_locator(NullLocator())


def date_axis(axes: Axes) -> None:
    """Label the x axis with as few words as the span allows."""
    locator = AutoDateLocator(minticks=4, maxticks=16)  # type: ignore[no-untyped-call]  # matplotlib.dates is untyped
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
    axes.set_xlabel("Day (UTC)")
    axes.margins(x=0.01)
    if axes.dataLim.width == 0:  # one day only: matplotlib would show four years around it
        axes.set_xlim(axes.dataLim.x0 - 3, axes.dataLim.x1 + 3)


def log_axis(axes: Axes, label: str, text: Callable[[float], str]) -> None:
    """Make the y axis logarithmic, with round numbers written out by `text` instead of powers of ten."""
    axes.set_yscale("log")
    low, high = axes.get_ylim()
    if high / low > 1000:
        axes.yaxis.set_major_locator(LogLocator(base=10))
    elif high / low > 5:
        axes.yaxis.set_major_locator(LogLocator(base=10, subs=(1, 2, 5)))
    else:
        axes.yaxis.set_major_locator(MaxNLocator(6))
        axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(_formatter(text))
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.set_ylabel(label)


def percent_axis(axes: Axes, label: str) -> None:
    """Label the y axis in percent."""
    percent_ticks(axes.yaxis)
    axes.set_ylabel(label)


def percent_ticks(axis: Axis) -> None:
    """Write the ticks of an axis in percent."""
    axis.set_major_formatter(_formatter(lambda value: f"{number(value)} %"))


def legend_above(axes: Axes) -> None:
    """Put the legend in one row above the drawing, where no line runs through it."""
    axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=3, borderaxespad=0.3)


def number(value: float) -> str:
    """Return a number with all its digits but the noise of binary fractions: 80,512.05, 0.001334."""
    return with_minus(f"{value:,.10g}")


def duration(milliseconds: float) -> str:
    """Return a time as a person writes it: 8 ms, 2.4 s, 40 s, 12 min, 5 h."""
    for unit, size, least in (("h", 3_600_000, 2), ("min", 60_000, 2), ("s", 1000, 0.9995)):
        value = milliseconds / size
        if value >= least:
            return f"{value:.2g} {unit}" if value < 9.95 else f"{value:,.0f} {unit}"
    return with_minus(f"{milliseconds:,.0f} ms")


def share(part: float) -> str:
    """Return a part of one in percent: 84 %, 9.2 %, 0.15 %; less than a hundredth of a percent is not written out."""
    if part < 0.0001:
        return "< 0.01 %"
    return f"{100 * part:.0f} %" if part >= 0.0995 else f"{100 * part:.2g} %"


def compact(value: float) -> str:
    """Return a large number in few words: 8.14 bn, 350 M, 12.8 k, 103."""
    for unit, size in ((" bn", 1e9), (" M", 1e6), (" k", 1e3)):
        if value >= 0.9995 * size:
            return f"{value / size:.3g}{unit}" if value < 999.5 * size else f"{value / size:,.0f}{unit}"
    return f"{value:.3g}"


def usd(value: float) -> str:
    """Return a price as a person writes it: $64,000, $1.5, $0.0002."""
    if value >= 1000:
        return f"${value:,.0f}"
    return f"${value:,.3g}" if value >= 0.0001 else f"${value:.1e}"


def change(percent: float, digits: int = 0) -> str:
    """Return a change in percent with its sign, a real minus; what rounds to nothing has no sign: +12, 0."""
    text = f"{percent:+,.{digits}f}"
    return with_minus(text) if text.strip("+-0.") else "0"


def with_minus(number: str) -> str:
    """Return the number with a minus sign where the keyboard's hyphen stood."""
    return number.replace("-", "\N{MINUS SIGN}")


def say(axes: Axes, words: str) -> None:
    """Put words where the drawing would be."""
    axes.set_axis_off()
    axes.text(0.5, 0.5, words, transform=axes.transAxes, ha="center", va="center", color=MUTED, fontsize=12)


def _formatter(text: Callable[[float], str]) -> FuncFormatter:
    return FuncFormatter(lambda value, _position: text(value))


def _write_caption(figure: Figure, axes: Axes, caption: Caption) -> None:
    axes.set_title(caption.title, loc="left", fontsize=14, fontweight="bold", pad=26)
    axes.annotate(caption.subtitle, (0, 1), (0, 9), "axes fraction", "offset points", color=MUTED)
    figure.supxlabel(caption.source, x=0.01, ha="left", fontsize=8, color=MUTED)


def _mark_simulated(axes: Axes) -> None:
    _mark_title(axes)
    _mark_across(axes.text(0.5, 0.5, SIMULATED_MARK, transform=axes.transAxes))


def _mark_title(axes: Axes) -> None:
    axes.set_title(SIMULATED_MARK, loc="right", fontsize=12, fontweight="bold", color=MARK, pad=26)


def _mark_across(mark: Text) -> None:
    mark.set(ha="center", va="center", rotation=16, fontsize=44, fontweight="bold", color=INK, alpha=0.13, zorder=5)
