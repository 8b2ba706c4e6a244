"""Producers, Spark and the tables' DDL say the same: each states its fields once, and here they meet."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import fields
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from pipeline.events.candles import CandleEvent
from pipeline.events.coin_prices import COIN_EVENTS, PriceEvent
from pipeline.events.raw import DEAD_LETTERS, DeadLetter
from pipeline.events.trades import FILLED, TRADE_GAPS, Alert, GapState
from pipeline.serving.coin_data import to_coin_data
from pipeline.spark.appending import BatchAppender
from pipeline.spark.planning import exact_session
from pipeline.spark.query_checkpoint import QueryCheckpoint
from pipeline.spark.time_ranges import HOUR, TimeRange
from pipeline.stream.bronze.events import to_bronze
from pipeline.stream.gold.alerts import AlertWriter, to_alert
from pipeline.stream.gold.bitcoin_candles import to_trade_candles
from pipeline.stream.gold.bitcoin_gold_data import to_gold
from pipeline.stream.gold.coin_daily import to_coin_daily
from pipeline.stream.gold.coin_returns import to_coin_returns
from pipeline.stream.gold.forecasts import to_rows
from pipeline.stream.gold.price_stats import to_price_stats
from pipeline.stream.gold.price_stats_hourly_daily import to_hourly_daily_stats
from pipeline.stream.ops.candle_differences import to_differences
from pipeline.stream.ops.coverage import to_coverage
from pipeline.stream.ops.gaps import to_newest, to_states
from pipeline.stream.ops.id_runs import to_runs
from pipeline.stream.silver import rejected_events
from pipeline.stream.silver.bitcoin_data import to_bitcoin_data
from pipeline.stream.silver.bitcoin_data_parsing import CANDLE_FIELDS
from pipeline.stream.silver.bitcoin_data_parsing import to_candles as to_candle_rows
from pipeline.stream.silver.candles_1m import to_candles
from pipeline.stream.silver.coin_prices import to_coin_prices
from pipeline.stream.silver.parsing import PRICE_FIELDS, to_observations
from pipeline.stream.silver.trades import rejects
from pipeline.stream.silver.trades.fact_crypto_trades import to_fact_trades
from pipeline.stream.silver.trades.parsing import to_trades
from pipeline.tables.bronze import BRONZE_EVENTS
from pipeline.tables.catalog import HIVE_TABLES, ICEBERG_TABLES, TABLES
from pipeline.tables.coins import COIN_DAILY, COIN_RETURNS
from pipeline.tables.forecasts import FORECAST_SCORES, FORECASTS
from pipeline.tables.gold import ALERTS, BITCOIN_GOLD, HOURLY_DAILY_STATS, PRICE_STATS
from pipeline.tables.hive import COIN_DATA
from pipeline.tables.model import DECIMAL, Table
from pipeline.tables.ops import CANDLE_DIFFERENCES, COVERAGE, GAPS
from pipeline.tables.silver import BITCOIN_DATA, CANDLES_1M, COIN_PRICES, FACT_TRADES, REJECTED_EVENTS
from tests.support.candles import records as candle_records
from tests.support.evaluations import evaluation
from tests.support.trades import RECORD_SCHEMA, match, records

NOON = datetime(2026, 1, 13, 12, tzinfo=UTC)
EVENT = PriceEvent("bitcoin", NOON, Decimal("1.5"), None, None, "simulator")
ONE = Decimal(1)
CANDLE = CandleEvent("simulator", "BTC-USD", NOON, ONE, ONE, ONE, ONE, Decimal("1.5"), is_filled=True)
GAP = GapState("simulator:BTC-USD:5", "simulator", "BTC-USD", 5, 9, NOON, "jump", FILLED, 4, 1, NOON, "late: 4")
ALERT = Alert(
    "simulator:BTC-USD:FLASH_CRASH:1", "FLASH_CRASH", "simulator", "BTC-USD", 300, Decimal("-3.5"),
    Decimal("100"), NOON, Decimal("96.5"), NOON, NOON,
)  # fmt: skip
PRODUCTS = ("BTC-USD",)
HOURS = (TimeRange(datetime(2026, 8, 25, 3), datetime(2026, 8, 25, 3) + 2 * HOUR),)  # around the sample's trade


class NoTopic:
    """Takes records and forgets them."""

    def produce(self, topic: str, value: bytes, key: bytes, on_delivery: object) -> None:
        pass

    def flush(self, timeout: float) -> int:
        return 0


def price_records(spark: SparkSession) -> DataFrame:
    """One good event, one bad one, as they stand in Kafka."""
    noon = NOON.replace(tzinfo=None)
    rows = [
        (COIN_EVENTS.name, "t1", 0, 7, noon, b"bitcoin", bytearray(EVENT.to_json()), None),
        (DEAD_LETTERS.name, "t2", 0, 1, noon, None, bytearray(DeadLetter("csv", "cut off", "1,2").to_json()), None),
    ]
    return spark.createDataFrame(rows, RECORD_SCHEMA)


def observations(spark: SparkSession) -> DataFrame:
    return to_observations(price_records(spark), ("bitcoin",))


def trades(spark: SparkSession) -> DataFrame:
    """A good frame and a bad one."""
    return to_trades(spark.createDataFrame(records([match(), b"half a fra"]), RECORD_SCHEMA), PRODUCTS)


def candles(spark: SparkSession) -> DataFrame:
    return to_candles(to_fact_trades(trades(spark)))


def source_candles(spark: SparkSession) -> DataFrame:
    """A good candle and a bad one."""
    return to_candle_rows(spark.createDataFrame(candle_records([CANDLE.to_json(), b"half a can"]), RECORD_SCHEMA))


def gaps(spark: SparkSession) -> DataFrame:
    record = (TRADE_GAPS.name, "t3", 0, 3, NOON.replace(tzinfo=None), None, bytearray(GAP.to_json()), None)
    return to_newest(to_states(spark.createDataFrame([record], RECORD_SCHEMA)))


def alerts(spark: SparkSession) -> DataFrame:
    AlertWriter(spark, BatchAppender(spark, ALERTS, "agreement", QueryCheckpoint("c1")), NoTopic())([ALERT], 0)
    return spark.table(ALERTS.full_name)


def differences(spark: SparkSession) -> DataFrame:
    """Return what differs where the exchange's candle has another volume."""
    theirs = (
        candles(spark).withColumn("volume", F.lit(99).cast(DECIMAL)).withColumn("source", F.lit("coinbase_candles"))
    )
    return to_differences(candles(spark), theirs, HOURS[0])


def days(spark: SparkSession) -> DataFrame:
    return to_coin_daily(to_coin_prices(observations(spark)), ("bitcoin",), 1)


def hourly_daily_stats(spark: SparkSession) -> DataFrame:
    return to_hourly_daily_stats(to_gold(to_trade_candles(candles(spark)), 1))


def evaluated(spark: SparkSession, table: Table) -> DataFrame:
    return to_rows(spark.createDataFrame(evaluation(table)), table)


# Every way in which rows come into a table.
WRITERS: dict[str, tuple[Table, Callable[[SparkSession], DataFrame]]] = {
    "bronze": (BRONZE_EVENTS, lambda spark: to_bronze(price_records(spark))),
    "prices": (COIN_PRICES, lambda spark: to_coin_prices(observations(spark))),
    "rejected prices": (REJECTED_EVENTS, lambda spark: rejected_events.to_rejected_events(observations(spark))),
    "trades": (FACT_TRADES, lambda spark: to_fact_trades(trades(spark))),
    "rejected trades": (REJECTED_EVENTS, lambda spark: rejects.to_rejects(trades(spark), PRODUCTS)),
    "candles": (CANDLES_1M, candles),
    "sources' candles": (BITCOIN_DATA, lambda spark: to_bitcoin_data(source_candles(spark))),
    "rejected candles": (REJECTED_EVENTS, lambda spark: rejected_events.to_rejected_events(source_candles(spark))),
    "statistics": (PRICE_STATS, lambda spark: to_price_stats(candles(spark), HOURS)),
    "alerts": (ALERTS, alerts),
    "coverage": (COVERAGE, lambda spark: to_coverage(to_runs(candles(spark)))),
    "gaps": (GAPS, gaps),
    "gold candles": (BITCOIN_GOLD, lambda spark: to_gold(to_trade_candles(candles(spark)), 1)),
    "hourly and daily prices": (HOURLY_DAILY_STATS, hourly_daily_stats),
    "days of coins": (COIN_DAILY, days),
    "returns of coins": (COIN_RETURNS, lambda spark: to_coin_returns(days(spark), 1)),
    "forecasts": (FORECASTS, lambda spark: evaluated(spark, FORECASTS)),
    "scores of forecasts": (FORECAST_SCORES, lambda spark: evaluated(spark, FORECAST_SCORES)),
    "candle differences": (CANDLE_DIFFERENCES, differences),
    "published prices": (COIN_DATA, lambda spark: to_coin_data(to_coin_prices(observations(spark)))),
}


def columns(rows: DataFrame) -> list[tuple[str, str]]:
    return [(field.name, field.dataType.simpleString()) for field in rows.schema]


def stated(table: Table) -> list[tuple[str, str]]:
    return [(column.name, column.type) for column in table.columns]


def test_every_table_has_a_writer_here() -> None:
    assert {table.full_name for table, _ in WRITERS.values()} == {table.full_name for table in TABLES}


@pytest.mark.parametrize("table", ICEBERG_TABLES, ids=lambda table: table.name)
def test_the_ddl_makes_the_stated_table(lake: SparkSession, table: Table) -> None:
    made = [(f.name, f.dataType.simpleString(), f.nullable) for f in lake.table(table.full_name).schema]
    assert made == [(column.name, column.type, column.nullable) for column in table.columns]
    assert columns(lake.createDataFrame([], table.spark_schema())) == stated(table)


@pytest.mark.parametrize("name", WRITERS)
def test_a_writer_gives_what_its_table_states(lake: SparkSession, name: str) -> None:
    table, write = WRITERS[name]
    written = write(exact_session(lake))
    # Hive has one type of time only; Spark's name for its form in files is "timestamp".
    hive_time = {"timestamp_ntz": "timestamp"} if table in HIVE_TABLES else {}
    assert columns(written) == [(column, hive_time.get(kind, kind)) for column, kind in stated(table)]
    rows = written.collect()
    assert len(rows) >= 1
    required = [column.name for column in table.columns if not column.nullable]
    assert [(column, row) for row in rows for column in required if row[column] is None] == []
    assert set(table.key) <= set(table.column_names)


def test_spark_reads_the_fields_that_the_producer_writes() -> None:
    assert list(PRICE_FIELDS) == list(json.loads(EVENT.to_json())) == [field.name for field in fields(PriceEvent)]


def test_spark_reads_the_fields_of_a_candle() -> None:
    assert list(CANDLE_FIELDS) == list(json.loads(CANDLE.to_json())) == [field.name for field in fields(CandleEvent)]


def test_spark_reads_what_the_ingest_writes(spark: SparkSession) -> None:
    rows = observations(spark).orderBy("topic").collect()
    assert [row.reason for row in rows] == [None, "csv: cut off"]
    good = PriceEvent(
        rows[0].coin,
        rows[0].event_time.replace(tzinfo=UTC),
        rows[0].price_usd.normalize(),
        rows[0].market_cap_usd,
        rows[0].volume_usd,
        rows[0].source,
    )
    assert good == EVENT


@pytest.mark.parametrize(("record", "table"), [(GAP, GAPS), (ALERT, ALERTS)], ids=["gap", "alert"])
def test_a_record_has_its_tables_columns(record: GapState | Alert, table: Table) -> None:
    assert set(json.loads(record.to_json())) == {field.name for field in fields(record)} == set(table.column_names)


def test_a_gap_comes_back_from_spark_as_the_producer_sent_it(spark: SparkSession) -> None:
    (row,) = gaps(spark).collect()
    times = {name: row[name].replace(tzinfo=UTC) for name in ("opened_at", "closed_at")}
    assert GapState(**(row.asDict() | times)) == GAP


def test_an_alert_comes_back_from_its_table_as_it_was_raised(lake: SparkSession) -> None:
    (row,) = alerts(lake).collect()
    assert to_alert(row) == ALERT
