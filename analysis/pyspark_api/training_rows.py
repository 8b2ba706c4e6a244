"""The rows that a model is trained and judged on: refused where nothing can be learnt, split by time, with features."""

from __future__ import annotations

from pyspark.ml.feature import VectorAssembler
from pyspark.sql import DataFrame, Row
from pyspark.sql import functions as F

from analysis.pyspark_api.checks import labels_of, to_prices
from pipeline.errors import UnusableInputError

FEATURES = ("timestamp_s", "hour", "dayofweek")
MIN_ROWS = 10  # fewer say nothing about a model


def split_by_time(df: DataFrame, test_share: float) -> tuple[DataFrame, DataFrame]:
    """Return the training rows and, later than all of them, the test rows, with their features.

    Raises:
        UnusableInputError: as `train_and_evaluate_gbt_regressor` says.
    """
    if not 0 < test_share < 1:
        raise UnusableInputError(f"test_share={test_share:g} must be between 0 and 1")
    prices = to_prices(df)
    begin_s = _begin_of_test_s(prices, test_share)
    rows = with_features(prices)
    return rows.where(F.col("timestamp_s") < begin_s), rows.where(F.col("timestamp_s") >= begin_s)


def with_features(prices: DataFrame) -> DataFrame:
    """Add what the model sees of a time, and all of that as the vector `features`."""
    timed = prices.withColumns(
        {
            "timestamp_s": F.col("timestamp").cast("double"),
            "hour": F.hour("timestamp"),
            "dayofweek": F.dayofweek("timestamp"),  # 1 is Sunday
        }
    )
    return VectorAssembler(inputCols=list(FEATURES), outputCol="features").transform(timed)


def _begin_of_test_s(prices: DataFrame, test_share: float) -> float:
    seconds, price = F.col("timestamp").cast("double"), F.col("price_usd")
    is_usable = seconds.isNotNull() & (F.abs(price) < float("inf"))  # in Spark NaN is above all
    [found] = prices.agg(
        F.count(F.lit(1)).alias("rows"),
        F.count_if(is_usable).alias("usable"),
        F.min(price).alias("lowest"),
        F.max(price).alias("highest"),
        F.min(seconds).alias("first_s"),
        F.percentile(seconds, 1 - test_share).alias("begin_s"),
        *(F.sort_array(F.collect_set(name)).alias(name) for name in labels_of(prices)),
    ).collect()
    fault = _fault(found, labels_of(prices))
    if fault:
        raise UnusableInputError(fault)
    return float(found["begin_s"])


def _fault(found: Row, labels: list[str]) -> str | None:
    """Return what is wrong with the rows, the first thing only."""
    if found["rows"] < MIN_ROWS:
        return f"{found['rows']} rows of prices are too few to train on: it takes {MIN_ROWS}"
    if found["usable"] < found["rows"]:
        bad = found["rows"] - found["usable"]
        return f"{bad} of {found['rows']} rows have no timestamp, or no finite price: filter them out first"
    for label in labels:
        if len(found[label]) > 1:
            return f"the rows are of more than one {label}: {', '.join(found[label])}; filter them to one"
    if found["lowest"] == found["highest"]:
        return f"all {found['rows']} prices are {found['lowest']:g}: there is nothing to learn"
    if found["first_s"] >= found["begin_s"]:
        return "no row is earlier than the test span: too many have one timestamp, or test_share is too large"
    return None
