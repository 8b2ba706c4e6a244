"""A table as coloured cells: losses red, gains blue, white where nothing changed."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import Normalize

from analysis import style

DARK_CELL = 0.56  # of the scale; from here on the cell's colour is so dark that its words must be white
ROW_INCHES = 0.36
LEAST_ROWS = 3


@dataclass(frozen=True)
class Scale:
    """The colours' scale: from -`limit` to `limit`, where they end; `ticks` are its values with their words."""

    label: str
    limit: float
    ticks: tuple[tuple[float, str], ...] = ()


def height(rows: int) -> float:
    """Return the height in inches of a figure with a heat map of so many rows."""
    return 1.9 + ROW_INCHES * max(rows, LEAST_ROWS)


def paint(axes: Axes, values: pd.DataFrame, words: pd.DataFrame, scale: Scale) -> None:
    """Paint a cell for each of `values`, with its words on it; missing ones stay empty."""
    cells = values.to_numpy(dtype=float)
    image = axes.imshow(cells, cmap=style.DIVERGING, norm=Normalize(-scale.limit, scale.limit), aspect="auto")
    for (row, column), value in np.ndenumerate(cells):
        if np.isfinite(value):
            ink = "white" if abs(value) > DARK_CELL * scale.limit else style.INK
            axes.text(column, row, str(words.iat[row, column]), ha="center", va="center", color=ink, fontsize=9)
    axes.set_xticks(range(values.shape[1]), [str(name) for name in words.columns])
    axes.set_yticks(range(values.shape[0]), [str(name) for name in words.index])
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    axes.grid(visible=False)
    bar = axes.figure.colorbar(image, ax=axes, extend="both", pad=0.02, aspect=30)
    if scale.ticks:
        bar.set_ticks([value for value, _ in scale.ticks], labels=[text for _, text in scale.ticks])
    bar.set_label(scale.label)
    bar.outline.set_visible(False)
