"""The picture of a job: the prices it was given and the forecast it delivered."""

from __future__ import annotations

from itertools import cycle, product
from pathlib import Path

import pandas as pd
from matplotlib.axes import Axes

from analysis import style
from analysis.jobs.errors import JobOutputError
from analysis.jobs.price_file import SOURCE, completed, read_prices
from analysis.style import Caption
from pipeline.markets import SIMULATOR

HISTORY = 4  # days of history for each day of the forecast
LEAST_HISTORY = 120  # days
NEEDED = {"day", "value", "lower", "upper"}
OF_GOLD = {"target", "origin", "target_day"}  # its forecasts are of several targets, from several days
PRICE_TARGET = "close_usd"
BAND = 0.3  # opacity of a single interval; several share it
MODEL = "model"  # a forecast of several models has this column, too
LINES = tuple(product(("solid", "dashed"), style.COIN_COLOURS))  # more than there are models


def plot_forecast_data(price_file: Path, forecast_file: Path, picture: Path, *, coin: str = "bitcoin") -> Path:
    """Draw the latest prices, the forecast and its interval (all USD, by UTC day) to a PNG, and return its path.

    The forecast has the columns `day, value, lower, upper`, and `model` if it is of several; or those of gold's
    forecasts, of which the newest of the price are drawn.

    Raises:
        JobInputError: the price file cannot be used.
        JobOutputError: the forecast lacks a column or rows.
    """
    rows = read_prices(price_file)
    prices = rows.set_index("day")["price_usd"].sort_index()
    forecast = _read_forecast(forecast_file)
    days = forecast["day"].nunique()
    shown = prices.iloc[-max(HISTORY * days, LEAST_HISTORY) :]
    caption = Caption(
        f"{coin.capitalize()}: forecast of {days} days",
        "Last price of each UTC day in USD; the band is the forecast's interval",
        f"Prices to {shown.index[-1]:%Y-%m-%d} from {price_file.name}; forecast from {forecast_file.name}",
        simulated=SOURCE in rows and SIMULATOR in set(rows[SOURCE]),
    )
    figure = style.draw(caption, lambda axes: _paint(axes, shown, forecast))
    with completed(picture) as part:
        figure.savefig(part, format="png")
    return picture


def _read_forecast(file: Path) -> pd.DataFrame:
    try:
        frame = pd.read_csv(file)
    except (OSError, ValueError) as error:  # ValueError: pandas' errors of parsing
        raise JobOutputError(str(file), str(error)) from error
    if set(frame.columns) >= OF_GOLD:
        prices = frame[frame["target"] == PRICE_TARGET]
        frame = prices[prices["origin"] == prices["origin"].max()].rename(columns={"target_day": "day"})
    if not set(frame.columns) >= NEEDED or frame.empty:
        raise JobOutputError(str(file), f"it needs the columns {', '.join(sorted(NEEDED))} and rows")
    return frame.assign(day=pd.to_datetime(frame["day"]))


def _paint(axes: Axes, prices: pd.Series[float], forecast: pd.DataFrame) -> None:
    axes.plot(prices.index, prices, color=style.INK, label="price")
    models = forecast.groupby(MODEL, sort=False) if MODEL in forecast else [("forecast", forecast)]
    for (name, rows), (line, colour) in zip(models, cycle(LINES), strict=False):
        axes.fill_between(
            rows["day"], rows["lower"], rows["upper"], color=colour, alpha=BAND / len(models), linewidth=0
        )
        marker = "o" if len(rows) == 1 else None
        axes.plot(rows["day"], rows["value"], color=colour, linestyle=line, marker=marker, label=str(name))
    style.number_axis(axes, "Price (USD)", style.usd)
    style.date_axis(axes)
    style.legend_above(axes)
