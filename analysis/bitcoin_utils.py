"""Functions for notebooks: from a market's prices, through files and a stream, to a model and its picture.

Each is documented where it is made, in `analysis/pyspark_api/`.
"""

from __future__ import annotations

from analysis.pyspark_api.file_producer import start_file_producer
from analysis.pyspark_api.ohlc import fetch_price_as_ohlc

__all__ = [
    "fetch_price_as_ohlc",
    "start_file_producer",
]
