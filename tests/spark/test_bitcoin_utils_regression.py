"""The regression: its split, its measures against numpy, its files, and rows that it refuses."""

from __future__ import annotations

import io
import logging
import math
import zipfile
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from pyarrow.fs import LocalFileSystem, SubTreeFileSystem
from pyspark.sql import DataFrame, SparkSession

from analysis.bitcoin_utils import plot_actual_vs_predicted_prices, train_and_evaluate_gbt_regressor
from analysis.pyspark_api import prediction_file
from analysis.pyspark_api.prediction_file import upload_where_configured
from analysis.pyspark_api.regression import GbtOptions, GbtResult
from analysis.pyspark_api.training_rows import split_by_time, with_features
from pipeline.errors import UnusableInputError
from pipeline.settings import Settings, load_settings

SCHEMA = "coin STRING, source STRING, timestamp TIMESTAMP, price_usd DOUBLE"
START = datetime(2026, 1, 15)
WALK: list[float | None] = [float(price) for price in range(1, 21)]
FEW = GbtOptions(trees=3, depth=3, seed=1)


def rows(prices: Sequence[float | None], coin: str = "bitcoin", source: str = "simulator") -> list[tuple[object, ...]]:
    """Return a price every half hour, the newest first."""
    times = [START + number * timedelta(minutes=30) for number in range(len(prices))]
    return [(coin, source, moment, price) for moment, price in zip(times, prices, strict=True)][::-1]


def trees(result: GbtResult) -> str:
    """Return all splits and leaves of the model; the line before them has a name that is made up each time."""
    return result.model.toDebugString.partition("\n")[2]


@pytest.fixture(scope="module")
def prices() -> list[float]:
    """Five days with a daily wave on a walk."""
    steps = np.random.default_rng(3).normal(0, 60, 240)
    wave = 900 * np.sin(np.arange(240) / 48 * 2 * math.pi)
    return [float(price) for price in 64_000 + np.cumsum(steps) + wave]


@pytest.fixture(scope="module")
def frame(spark: SparkSession, prices: list[float]) -> DataFrame:
    return spark.createDataFrame(rows(prices), SCHEMA)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("model")


@pytest.fixture(scope="module")
def settings(folder: Path) -> Settings:
    return load_settings({"COINLAKE_HOME": str(folder)})


@pytest.fixture(scope="module")
def result(frame: DataFrame, folder: Path, settings: Settings) -> GbtResult:
    return train_and_evaluate_gbt_regressor(frame, folder, FEW, settings=settings)


@pytest.fixture(scope="module")
def predictions(result: GbtResult) -> pd.DataFrame:
    return result.predictions.toPandas()


def test_the_last_share_is_the_test_set(predictions: pd.DataFrame, prices: list[float]) -> None:
    assert list(predictions.columns) == ["coin", "source", "timestamp", "price_usd", "predicted_usd"]
    assert predictions["price_usd"].tolist() == prices[-48:]
    assert predictions["timestamp"].tolist() == [START + number * timedelta(minutes=30) for number in range(192, 240)]


def test_the_measures_agree_with_numpy(result: GbtResult, predictions: pd.DataFrame, prices: list[float]) -> None:
    actual, predicted = predictions["price_usd"].to_numpy(), predictions["predicted_usd"].to_numpy()
    squares = np.sum((actual - predicted) ** 2)
    assert result.rmse == pytest.approx(math.sqrt(squares / 48), rel=1e-9)
    assert result.r2 == pytest.approx(1 - squares / np.sum((actual - actual.mean()) ** 2), rel=1e-9)
    assert result.naive_rmse == pytest.approx(math.sqrt(np.mean((actual - prices[191]) ** 2)), rel=1e-9)
    assert result.model.getNumTrees == 3


def test_the_model_has_seen_no_test_price(
    spark: SparkSession, result: GbtResult, prices: list[float], tmp_path: Path, settings: Settings
) -> None:
    other = spark.createDataFrame(rows([*prices[:192], *(price * 3 for price in prices[192:])]), SCHEMA)
    again = train_and_evaluate_gbt_regressor(other, tmp_path, FEW, settings=settings)
    assert trees(again) == trees(result)  # and so the seed alone decides
    assert again.rmse > 100_000


def test_the_features_are_those_of_utc(spark: SparkSession) -> None:
    frame = spark.createDataFrame([("bitcoin", "simulator", datetime(2026, 1, 18, 23, 30), 1.0)], SCHEMA)
    [row] = with_features(frame).collect()
    assert list(row.features) == [1_768_779_000.0, 23.0, 1.0]  # a Sunday


def test_the_zip_holds_the_predictions_as_parquet(result: GbtResult, predictions: pd.DataFrame, folder: Path) -> None:
    assert result.predictions_zip == folder / "predictions.zip"
    assert [path.name for path in folder.iterdir()] == ["predictions.zip"]
    with zipfile.ZipFile(result.predictions_zip) as archive:
        assert archive.namelist() == ["predictions.parquet"]
        stored = pd.read_parquet(io.BytesIO(archive.read("predictions.parquet")))
    assert str(stored["timestamp"].dt.tz) == "UTC"
    stored["timestamp"] = stored["timestamp"].dt.tz_localize(None)
    pd.testing.assert_frame_equal(stored, predictions, check_dtype=False)
    assert result.uploaded_to is None


def test_a_configured_bucket_gets_the_zip(
    result: GbtResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    serving = load_settings({"COINLAKE_HOME": str(tmp_path), "COINLAKE_SERVING": "true", "S3_BUCKET": "mine"})
    (tmp_path / "mine" / "notebooks").mkdir(parents=True)
    store = SubTreeFileSystem(str(tmp_path), LocalFileSystem())
    monkeypatch.setattr(prediction_file, "open_bucket", lambda _bucket: store)
    assert upload_where_configured(result.predictions_zip, serving) == "s3://mine/notebooks/predictions.zip"
    uploaded = tmp_path / "mine" / "notebooks" / "predictions.zip"
    assert uploaded.read_bytes() == result.predictions_zip.read_bytes()

    gone = SubTreeFileSystem(str(tmp_path / "nowhere"), LocalFileSystem())
    monkeypatch.setattr(prediction_file, "open_bucket", lambda _bucket: gone)
    with caplog.at_level(logging.WARNING):
        assert upload_where_configured(result.predictions_zip, serving) is None
    assert "predictions.zip was not uploaded: the bucket mine at" in caplog.text


def test_the_predictions_can_be_drawn(result: GbtResult, tmp_path: Path) -> None:
    figure = plot_actual_vs_predicted_prices(result.predictions, tmp_path / "output_plot.png")
    assert (tmp_path / "output_plot.png").stat().st_size > 10_000
    assert figure.axes[0].get_title(loc="left") == "Bitcoin: actual and predicted price"


def test_a_test_span_without_a_move_has_no_r2(spark: SparkSession, tmp_path: Path, settings: Settings) -> None:
    frame = spark.createDataFrame(rows([*WALK[:16], 5.0, 5.0, 5.0, 5.0]), SCHEMA)
    flat = train_and_evaluate_gbt_regressor(frame, tmp_path, FEW, settings=settings)
    assert math.isnan(flat.r2)
    assert flat.naive_rmse == 11


REFUSED = {
    "no rows": ([], "0 rows of prices are too few to train on: it takes 10"),
    "one row": (rows([1.0]), "1 rows of prices are too few"),
    "one price": (rows([5.0] * 20), "all 20 prices are 5: there is nothing to learn"),
    "NaN": (rows([*WALK, float("nan")]), "1 of 21 rows have no timestamp, or no finite price"),
    "null": (rows([*WALK, None, None]), "2 of 22 rows have no timestamp, or no finite price"),
    "infinite": (rows([*WALK, float("inf")]), "1 of 21 rows have no timestamp, or no finite price"),
    "no time": ([*rows(WALK), ("bitcoin", "simulator", None, 1.0)], "1 of 21 rows have no timestamp"),
    "two coins": ([*rows(WALK), *rows(WALK, "ethereum")], "more than one coin: bitcoin, ethereum"),
    "mixed": ([*rows(WALK), *rows(WALK, source="coingecko")], "more than one source: coingecko, simulator"),
    "one moment": ([("bitcoin", "simulator", START, price) for price in WALK], "no row is earlier than the test span"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_rows_that_teach_nothing_are_refused(spark: SparkSession, case: str) -> None:
    given, words = REFUSED[case]
    with pytest.raises(UnusableInputError, match=words):
        split_by_time(spark.createDataFrame(given, SCHEMA), 0.2)


@pytest.mark.parametrize("share", [0, 1, -0.1, 1.5])
def test_the_share_must_leave_both_parts(frame: DataFrame, share: float) -> None:
    with pytest.raises(UnusableInputError, match="must be between 0 and 1"):
        split_by_time(frame, share)


def test_a_stopped_session_is_named(frame: DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frame.sparkSession.sparkContext, "_jsc", None)  # as stop() leaves it
    with pytest.raises(UnusableInputError, match="session was stopped"):
        train_and_evaluate_gbt_regressor(frame, tmp_path)
