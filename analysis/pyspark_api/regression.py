"""A gradient-boosted regression of the price on the time, judged on the last part of the rows."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
from pyspark.ml.evaluation import RegressionEvaluator
from pyspark.ml.regression import GBTRegressionModel, GBTRegressor
from pyspark.sql import DataFrame
from pyspark.sql import functions as F

from analysis.pyspark_api.checks import labels_of
from analysis.pyspark_api.prediction_file import upload_where_configured, write_zip
from analysis.pyspark_api.showing import show
from analysis.pyspark_api.training_rows import split_by_time
from pipeline.settings import Settings

ZIP = "predictions.zip"
PRICE, PREDICTED, NAIVE = "price_usd", "predicted_usd", "naive_usd"


@dataclass(frozen=True)
class GbtOptions:
    """How to train: the share of the rows, the last ones, that only judge; and the trees."""

    test_share: float = 0.2
    trees: int = 20
    depth: int = 5
    seed: int = 42


@dataclass(frozen=True)
class GbtResult:
    """The model and how good it is on the test rows; errors are in USD."""

    model: GBTRegressionModel
    r2: float  # nan where all test prices are equal
    rmse: float
    naive_rmse: float  # of the last training price, taken for every test row
    predictions: DataFrame = field(repr=False)  # timestamp, price_usd, predicted_usd; coin and source where given
    predictions_zip: Path
    uploaded_to: str | None  # s3://bucket/key; None where no bucket is configured, or it did not take the file


def train_and_evaluate_gbt_regressor(
    df: DataFrame, output_dir: Path, options: GbtOptions | None = None, *, settings: Settings | None = None
) -> GbtResult:
    """Train a GBTRegressor on the time of the prices in `df`, and judge it on the last of them.

    `df` has `timestamp` and `price_usd` of one coin from one source. The features are the time (seconds since 1970),
    its hour and its day of the week in UTC. The split is by time: the model sees no price of the test span. Trees
    do not extrapolate, so compare `rmse` with `naive_rmse`, which needs no model. The predictions are written to
    `output_dir` as one Parquet file in `predictions.zip`, which is also put into the serving tier's bucket where one
    is configured.

    Raises:
        UnusableInputError: too few rows, a price that is missing, not finite or the same in all rows, several coins or
            sources, a column missing or of another type, or a session that was stopped or is not in UTC.
    """
    chosen = options or GbtOptions()
    training, test = split_by_time(df, chosen.test_share)
    model = _fit(training.persist(), chosen)
    [last] = training.select(F.max_by(PRICE, "timestamp").alias(PRICE)).collect()
    training.unpersist()
    judged = model.transform(test).withColumn(NAIVE, F.lit(last[PRICE]))
    predictions = judged.select(*labels_of(df), "timestamp", PRICE, PREDICTED).orderBy("timestamp")
    written = write_zip(predictions, output_dir / ZIP)
    r2 = _measure("r2", judged, PREDICTED)
    result = GbtResult(
        model=model,
        r2=r2 if math.isfinite(r2) else math.nan,
        rmse=_measure("rmse", judged, PREDICTED),
        naive_rmse=_measure("rmse", judged, NAIVE),
        predictions=predictions,
        predictions_zip=written,
        uploaded_to=upload_where_configured(written, settings),
    )
    show(pd.DataFrame({"R²": [result.r2], "RMSE (USD)": [result.rmse], "naive RMSE (USD)": [result.naive_rmse]}))
    return result


def _fit(training: DataFrame, options: GbtOptions) -> GBTRegressionModel:
    regressor = GBTRegressor(
        featuresCol="features",
        labelCol=PRICE,
        predictionCol=PREDICTED,
        maxIter=options.trees,
        maxDepth=options.depth,
        seed=options.seed,
    )
    model: GBTRegressionModel = regressor.fit(training)
    return model


def _measure(metric: str, judged: DataFrame, prediction: str) -> float:
    evaluator = RegressionEvaluator(predictionCol=prediction, labelCol=PRICE, metricName=metric)  # type: ignore[arg-type]
    return float(evaluator.evaluate(judged))
