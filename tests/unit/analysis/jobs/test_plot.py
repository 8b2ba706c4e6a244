"""The picture of prices and forecast."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.image import imread

from analysis import style
from analysis.forecast.catalog import NAMES
from analysis.jobs.errors import JobOutputError
from analysis.jobs.plot import MODEL, _paint, _read_forecast, plot_forecast_data
from tests.support.jobs import OUTPUT, PRICES

MODELS = (
    "day,model,value,lower,upper\n2026-01-04,naive,92000,80000,99000\n2026-01-05,naive,92000,79000,99900\n"
    "2026-01-04,arima,93000,80000,99000\n2026-01-05,arima,93500,79000,99900\n"
)


def files(folder: Path, prices: str = PRICES, forecast: str = OUTPUT.decode()) -> tuple[Path, Path, Path]:
    (folder / "prices.csv").write_text(prices)
    (folder / "forecast_output.csv").write_text(forecast)
    return folder / "prices.csv", folder / "forecast_output.csv", folder / "forecast.png"


def has_colour(picture: Path, colour: str) -> bool:
    pixels = imread(picture)[..., :3].reshape(-1, 3)
    return bool((np.abs(pixels - np.array(to_rgb(colour))).max(axis=1) < 0.02).any())


def test_history_and_forecast_are_drawn(tmp_path: Path) -> None:
    picture = plot_forecast_data(*files(tmp_path))
    assert min(imread(picture).shape[:2]) > 400
    assert has_colour(picture, style.INK)
    assert has_colour(picture, style.COIN_COLOURS[0])
    assert not has_colour(picture, style.MARK)


def test_each_model_has_its_colour(tmp_path: Path) -> None:
    picture = plot_forecast_data(*files(tmp_path, forecast=MODELS), coin="ethereum")
    assert all(has_colour(picture, colour) for colour in style.COIN_COLOURS[:2])


def test_no_two_models_share_a_line() -> None:
    days = pd.date_range("2026-01-04", periods=2)
    models = [name for name in NAMES for _ in days]
    forecast = pd.DataFrame({"day": [*days] * len(NAMES), MODEL: models, "value": 2.0, "lower": 1.0, "upper": 3.0})
    axes = Figure().subplots()
    _paint(axes, pd.Series([1.0, 2.0], index=days - pd.Timedelta(days=2)), forecast)
    lines = {(line.get_color(), line.get_linestyle()) for line in axes.lines}
    assert len(lines) == len(axes.lines) == len(NAMES) + 1


def test_of_golds_forecasts_the_newest_of_the_price_are_drawn(tmp_path: Path) -> None:
    golds = (
        "target,model,origin,target_day,value,lower,upper,actual\n"
        "close_usd,naive,2026-01-02,2026-01-03,91000,80000,99000,92000\n"
        "close_usd,naive,2026-01-03,2026-01-04,92000,80000,99000,\n"
        "realised_volatility,har,2026-01-03,2026-01-04,0.03,0.01,0.05,\n"
    )
    frame = _read_forecast(files(tmp_path, forecast=golds)[1])
    assert frame[["model", "day", "value"]].values.tolist() == [["naive", pd.Timestamp("2026-01-04"), 92000]]
    assert has_colour(plot_forecast_data(*files(tmp_path, forecast=golds)), style.COIN_COLOURS[0])


def test_simulated_prices_are_marked(tmp_path: Path) -> None:
    prices = PRICES.replace("\n", ",simulator\n").replace("price_usd,simulator", "price_usd,source")
    assert has_colour(plot_forecast_data(*files(tmp_path, prices=prices)), style.MARK)


@pytest.mark.parametrize("forecast", ["day,value\n2026-01-04,1\n", "day,value,lower,upper\n", ""])
def test_a_forecast_that_cannot_be_drawn_is_named(forecast: str, tmp_path: Path) -> None:
    paths = files(tmp_path, forecast=forecast)
    with pytest.raises(JobOutputError, match=r"forecast_output\.csv"):
        plot_forecast_data(*paths)
    assert not paths[2].exists()
