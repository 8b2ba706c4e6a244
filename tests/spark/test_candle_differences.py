"""Our candles against the exchange's: what differs is listed once, and days that are over are compared once."""

from __future__ import annotations

from datetime import datetime, timedelta

from pyspark.sql import SparkSession

from pipeline.spark.appending import load_table
from pipeline.spark.maintenance import newest_marks
from pipeline.stream.ops.candle_differences import CandleCheck
from pipeline.tables.ops import CANDLE_DIFFERENCES
from tests.support.bitcoin_candles import START, Candle, at, give, trade

AFTER = datetime(2026, 2, 1, 3)  # three hours after the end of the day that the candles begin in
EXCHANGE = "coinbase_candles"


def differences(spark: SparkSession) -> list[tuple[object, ...]]:
    rows = spark.table(CANDLE_DIFFERENCES.full_name).orderBy("source", "product_id", "minute", "field").collect()
    return [tuple(row)[:-1] for row in rows]


def test_what_differs_is_listed(lake: SparkSession) -> None:
    give(lake, [Candle(at(n), "100", EXCHANGE) for n in (-5, 0, 1, 2, 4)], 0)
    give(lake, [Candle(at(6), "100", EXCHANGE, is_filled=True), Candle(at(1), "7", "csv_kaggle")], 10)
    give(lake, [Candle(at(0), "5", "simulator")], 20)
    trade(lake, [Candle(at(0), "100", "coinbase"), Candle(at(1), "101", "coinbase")], START)
    trade(lake, [Candle(at(3), "100", "coinbase"), Candle(at(4), "100", "coinbase")], START)
    trade(lake, [Candle(at(9), "100", "coinbase"), Candle(at(0), "5", "simulator")], START)
    assert CandleCheck(lake).run(AFTER) == 6
    product = ("coinbase", "BTC-USD")
    assert differences(lake) == [
        *((*product, at(1), field, 101, 100) for field in ("close", "high", "low", "open")),
        (*product, at(2), "minute", None, 100),
        (*product, at(3), "minute", 100, None),
    ]


def test_a_day_is_compared_once_and_only_when_it_is_over(lake: SparkSession) -> None:
    give(lake, [Candle(at(n), "100", EXCHANGE) for n in (0, 1, 1500)], 0)
    trade(lake, [Candle(at(n), "101", "coinbase") for n in (0, 1, 1500)], START)
    check = CandleCheck(lake)
    assert check.run(AFTER - timedelta(seconds=1)) == 0
    assert check.run(AFTER) == 8
    assert check.run(AFTER) == 0
    assert CandleCheck(lake).run(AFTER) == 0, "a new process reads what was compared from the table"
    assert CandleCheck(lake).run(AFTER + timedelta(days=1)) == 4
    assert newest_marks(lake, load_table(lake, CANDLE_DIFFERENCES)) == {"coinlake.progress": "2026-02-02T00:00:00"}


def test_without_the_exchanges_candles_nothing_is_compared(lake: SparkSession) -> None:
    trade(lake, [Candle(at(0), "101", "coinbase")], START)
    assert CandleCheck(lake).run(AFTER) == 0
    assert load_table(lake, CANDLE_DIFFERENCES).currentSnapshot() is None
