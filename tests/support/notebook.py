"""What the notebooks draw, and how to see that they did."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.image import imread

FOLDER = "analysis/notebooks"
CHARTS = {
    "bitcoin-presto": [
        "01-price-history.png",
        "02-yearly-returns.png",
        "03-coin-years.png",
        "04-drawdown.png",
        "05-moving-averages.png",
        "06-volatility.png",
        "07-rolling-sharpe.png",
        "08-monthly-returns.png",
        "09-extreme-days.png",
        "10-monthly-saving.png",
        "11-side-by-side.png",
    ],
    "trades": [
        "01-price-trend.png",
        "02-price-trends.png",
        "03-candles.png",
        "04-vwap.png",
        "05-volume-profile.png",
        "06-volume.png",
        "07-alerts.png",
        "08-freshness.png",
    ],
    "bitcoin_utils": ["01-predictions.png"],
}
"""The pictures of each notebook, in order."""


def notebook_path(name: str) -> str:
    """Return a notebook's path within the checkout."""
    return f"{FOLDER}/{name}.ipynb"


def check_pictures(name: str, pictures: Sequence[Path], *, more_colours_than: int = 0) -> None:
    """Check that these are the notebook's pictures, none of them tiny, each with more than so many colours."""
    assert [path.name for path in pictures] == CHARTS[name]
    for path in pictures:
        picture = imread(path)
        height, width, depth = picture.shape
        assert min(height, width) >= 250, path.name
        assert len(np.unique(picture.reshape(-1, depth), axis=0)) > more_colours_than, path.name
