"""Producer, Spark and the tables' DDL say the same: each states its fields once, and here they meet."""

from __future__ import annotations

import json
from dataclasses import fields
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from pyspark.sql import DataFrame, SparkSession

from pipeline.events.coin_prices import COIN_EVENTS, PriceEvent
from pipeline.events.raw import DEAD_LETTERS, DeadLetter
from pipeline.serving.coin_data import to_coin_data
from pipeline.stream.bronze.events import to_bronze
from pipeline.stream.silver.coin_prices import to_coin_prices
from pipeline.stream.silver.parsing import PRICE_FIELDS, to_observations
from pipeline.stream.silver.rejected_events import to_rejected_events
from pipeline.tables.bronze import BRONZE_EVENTS
from pipeline.tables.hive import COIN_DATA
from pipeline.tables.model import Table
from pipeline.tables.silver import COIN_PRICES, REJECTED_EVENTS

EVENT = PriceEvent("bitcoin", datetime(2024, 2, 29, tzinfo=UTC), Decimal("1.5"), None, None, "simulator")
# What Spark's Kafka source gives, with the timestamp under our name.
KAFKA_RECORD = (
    "topic string, topic_id string, partition int, offset bigint, kafka_time timestamp, key binary, payload binary, "
    "headers array<struct<key:string,value:binary>>"
)


@pytest.fixture
def records(spark: SparkSession) -> DataFrame:
    """One good event, one bad one, as they stand in Kafka."""
    noon = datetime(2024, 2, 29, 12)
    rows = [
        (COIN_EVENTS.name, "t1", 0, 7, noon, b"bitcoin", bytearray(EVENT.to_json()), None),
        (DEAD_LETTERS.name, "t2", 0, 1, noon, None, bytearray(DeadLetter("csv", "cut off", "1,2").to_json()), None),
    ]
    return spark.createDataFrame(rows, KAFKA_RECORD)


def columns(rows: DataFrame) -> list[tuple[str, str]]:
    return [(field.name, field.dataType.simpleString()) for field in rows.schema]


def stated(table: Table) -> list[tuple[str, str]]:
    return [(column.name, column.type) for column in table.columns]


def test_spark_reads_the_fields_that_the_producer_writes() -> None:
    assert list(PRICE_FIELDS) == list(json.loads(EVENT.to_json())) == [field.name for field in fields(PriceEvent)]


def test_spark_reads_what_the_ingest_writes(records: DataFrame) -> None:
    rows = to_observations(records, ("bitcoin",)).orderBy("topic").collect()
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


@pytest.mark.parametrize("table", [COIN_PRICES, COIN_DATA, BRONZE_EVENTS, REJECTED_EVENTS], ids=lambda t: t.name)
def test_spark_understands_the_stated_types(spark: SparkSession, table: Table) -> None:
    assert columns(spark.createDataFrame([], table.spark_schema())) == stated(table)


def test_rows_written_to_silver_have_the_tables_columns(records: DataFrame) -> None:
    observations = to_observations(records, ("bitcoin",))
    assert columns(to_coin_prices(observations)) == stated(COIN_PRICES)
    assert columns(to_rejected_events(observations)) == stated(REJECTED_EVENTS)


def test_rows_written_to_bronze_have_the_tables_columns(records: DataFrame) -> None:
    assert columns(to_bronze(records)) == stated(BRONZE_EVENTS)


def test_published_rows_have_the_hive_tables_columns(records: DataFrame) -> None:
    published = columns(to_coin_data(to_coin_prices(to_observations(records, ("bitcoin",)))))
    # Hive knows one timestamp type only; Spark's name for its file form is "timestamp".
    as_hive = [(name, "timestamp" if kind == "timestamp_ntz" else kind) for name, kind in stated(COIN_DATA)]
    assert published == as_hive
