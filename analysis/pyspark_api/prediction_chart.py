"""The chart of a model's predictions beside the prices that came."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from pyspark.sql import DataFrame

from analysis import style
from analysis.pyspark_api.checks import LABELS, check_session
from analysis.pyspark_api.showing import show
from analysis.style import Caption
from pipeline.errors import UnusableInputError
from pipeline.markets import SIMULATOR

NEEDED = ("timestamp", "price_usd", "predicted_usd")
OUTPUT_PLOT = Path("output_plot.png")


def plot_actual_vs_predicted_prices(predictions: DataFrame | pd.DataFrame, path: Path = OUTPUT_PLOT) -> Figure:
    """Draw the actual and the predicted prices over the time (UTC), save the picture as PNG, and return the figure.

    `predictions` has `timestamp`, `price_usd` and `predicted_usd`, and where known `coin` and `source`, as
    `train_and_evaluate_gbt_regressor` returns them. Simulated prices are marked as such.

    Raises:
        UnusableInputError: a column is missing, or the session was stopped.
    """
    missing = [name for name in NEEDED if name not in predictions.columns]
    if missing:
        raise UnusableInputError(f"there is no column {missing[0]!r} among {', '.join(predictions.columns) or 'none'}")
    rows = _to_pandas(predictions).sort_values("timestamp")
    figure = style.draw(_caption(rows), partial(_paint, rows=rows) if len(rows) else None)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, format="png")
    show(figure)
    return figure


def _to_pandas(predictions: DataFrame | pd.DataFrame) -> pd.DataFrame:
    if isinstance(predictions, pd.DataFrame):
        return predictions
    check_session(predictions.sparkSession)
    return predictions.select(*NEEDED, *(name for name in LABELS if name in predictions.columns)).toPandas()


def _caption(rows: pd.DataFrame) -> Caption:
    coins, sources = (sorted(set(rows[name].dropna())) if name in rows else [] for name in LABELS)
    name = ", ".join(coin.replace("-", " ").title() for coin in coins) or "Price"
    error = np.sqrt(np.mean(np.square(rows["price_usd"] - rows["predicted_usd"]))) if len(rows) else np.nan
    judged = f"; RMSE over {len(rows):,} prices {style.usd(error)}" if len(rows) else ""
    times = rows["timestamp"]
    span = f", {times.iloc[0]:%Y-%m-%d %H:%M} to {times.iloc[-1]:%Y-%m-%d %H:%M} UTC" if len(rows) else ""
    return Caption(
        f"{name}: actual and predicted price",
        f"USD, in the test span, which the model has not seen{judged}",
        f"Source: {', '.join(sources) or 'not given'}{span}; Coinlake",
        simulated=SIMULATOR in sources,
    )


def _paint(axes: Axes, rows: pd.DataFrame) -> None:
    marker = "o" if len(rows) < 60 else ""
    for column, label, colour in (("price_usd", "actual", style.BLUE), ("predicted_usd", "predicted", style.AMBER)):
        axes.plot(rows["timestamp"], rows[column], color=colour, marker=marker, markersize=3, label=label)
    style.number_axis(axes, "Price (USD)", style.usd)
    style.time_axis(axes)
    axes.set_xlabel("Time (UTC)")
    style.legend_above(axes)
