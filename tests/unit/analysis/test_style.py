"""How figures are written, and panels are laid out."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from analysis import style
from analysis.style import Caption

MINUS = "\N{MINUS SIGN}"


@pytest.mark.parametrize(
    ("write", "value", "text"),
    [
        (style.duration, 0, "0 ms"),
        (style.duration, -3, f"{MINUS}3 ms"),
        (style.duration, 999.4, "999 ms"),
        (style.duration, 999.6, "1 s"),
        (style.duration, 4639, "4.6 s"),
        (style.duration, 9960, "10 s"),
        (style.duration, 119_000, "119 s"),
        (style.duration, 120_000, "2 min"),
        (style.duration, 7_300_000, "2 h"),
        (style.duration, 9e7, "25 h"),
        (style.compact, 0, "0"),
        (style.compact, 0.0125, "0.0125"),
        (style.compact, 999.6, "1 k"),
        (style.compact, 14_120, "14.1 k"),
        (style.compact, 350e6, "350 M"),
        (style.compact, 9.63e9, "9.63 bn"),
        (style.compact, 5e12, "5,000 bn"),
        (style.share, 1, "100 %"),
        (style.share, 0.0995, "10 %"),
        (style.share, 0.0919, "9.2 %"),
        (style.share, 0.0001, "0.01 %"),
        (style.share, 0.00001, "< 0.01 %"),
        (style.number, 80_512.05, "80,512.05"),
        (style.number, 0.28500000000000003, "0.285"),
        (style.number, -1.5, f"{MINUS}1.5"),
    ],
)
def test_figures_are_written_as_a_person_would(write: Callable[[float], str], value: float, text: str) -> None:
    assert write(value) == text


def test_panels_that_stay_empty_are_taken_away() -> None:
    figure = style.draw_panels(Caption("Three", "of four", ""), lambda panels: None, [1, 1], columns=2)
    assert len(figure.axes) == 1  # the caption's
    figure = style.draw_panels(
        Caption("Three", "of four", ""), lambda panels: [axes.plot([1, 2]) for axes in panels[:3]], [1, 1], columns=2
    )
    assert len(figure.axes) == 1 + 3


@pytest.mark.parametrize(("high", "ticks"), [(900, [10, 20, 50, 100, 200, 500]), (9e6, [10, 100, 1000])])
def test_a_log_axis_has_ticks_enough(high: float, ticks: list[float]) -> None:
    figure = style.draw(Caption("", "", ""), lambda axes: axes.set(xscale="log", xlim=(9, high)))
    (axes,) = figure.axes
    style.plain_ticks(axes.xaxis, style.compact)
    shown = [tick for tick in axes.get_xticks() if 9 <= tick <= high]
    assert shown[: len(ticks)] == ticks
