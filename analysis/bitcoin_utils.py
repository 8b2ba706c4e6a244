"""Six functions for notebooks: from a market's prices, through files and a stream, to a model and its picture.

`docs/bitcoin-utils.md` shows them at work; each is documented where it is made, in `analysis/pyspark_api/`.
"""

from __future__ import annotations

from analysis.pyspark_api.averages import aggregate_hourly_daily_moving_average
from analysis.pyspark_api.file_producer import start_file_producer
from analysis.pyspark_api.ohlc import fetch_price_as_ohlc
from analysis.pyspark_api.prediction_chart import plot_actual_vs_predicted_prices
from analysis.pyspark_api.regression import train_and_evaluate_gbt_regressor
from analysis.pyspark_api.streaming import run_streaming_query_and_writer

__all__ = [
    "aggregate_hourly_daily_moving_average",
    "fetch_price_as_ohlc",
    "plot_actual_vs_predicted_prices",
    "run_streaming_query_and_writer",
    "start_file_producer",
    "train_and_evaluate_gbt_regressor",
]
