"""Topics and tables: stated once, without a contradiction, and DDL that another SQL parser understands."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from datetime import UTC, datetime
from decimal import Decimal

import duckdb
import pytest

from pipeline.events.catalog import TOPICS
from pipeline.events.coin_prices import PriceEvent
from pipeline.events.raw import MAX_EVENT_BYTES
from pipeline.tables.catalog import HIVE_TABLES, ICEBERG_TABLES, TABLES
from pipeline.tables.columns import TOPIC_ID
from pipeline.tables.hive import COIN_DATA
from pipeline.tables.model import Table
from pipeline.tables.silver import COIN_PRICES, REJECTED_EVENTS

TABLE_IDS = [table.full_name for table in TABLES]
ICEBERG_IDS = [table.full_name for table in ICEBERG_TABLES]

# The same types in DuckDB's words.
DUCKDB_TYPES = {
    "string": "VARCHAR",
    "int": "INTEGER",
    "bigint": "BIGINT",
    "double": "DOUBLE",
    "boolean": "BOOLEAN",
    "binary": "BLOB",
    "date": "DATE",
    "timestamp_ntz": "TIMESTAMP",
    "decimal(38,18)": "DECIMAL(38,18)",
    "decimal(18,6)": "DECIMAL(18,6)",
}
NESTED_TYPES = {"array<struct<key:string,value:binary>>": 'STRUCT("key" VARCHAR, "value" BLOB)[]'}


def for_duckdb(table: Table) -> str:
    """Rewrite the Spark statement's types and quoting for DuckDB and leave out what only Iceberg knows."""
    sql = table.create_sql().split(") USING iceberg", maxsplit=1)[0] + ")"
    sql = sql.replace(table.full_name, "made").replace('"offset"', "offset").replace("\\'", "''")
    sql = re.sub(r" COMMENT '(?:[^']|'')*'", "", sql)
    for ours, theirs in NESTED_TYPES.items():
        sql = sql.replace(ours, theirs)
    for ours, theirs in {"string": "VARCHAR", "binary": "BLOB", "timestamp_ntz": "TIMESTAMP"}.items():
        sql = re.sub(rf"\b{ours}\b", theirs, sql)
    return re.sub(r"\boffset\b", '"offset"', sql)  # a reserved word there


def described(table: Table) -> list[tuple[str, str, bool]]:
    """Let DuckDB create the table and return its columns: name, type, nullable."""
    with duckdb.connect() as database:
        database.execute(for_duckdb(table))
        rows = database.execute("DESCRIBE made").fetchall()
    return [(name, kind, nullable == "YES") for name, kind, nullable, *_ in rows]


@pytest.mark.parametrize("table", ICEBERG_TABLES, ids=ICEBERG_IDS)
def test_ddl_makes_the_stated_columns(table: Table) -> None:
    assert described(table) == [(c.name, (DUCKDB_TYPES | NESTED_TYPES)[c.type], c.nullable) for c in table.columns]


@pytest.mark.parametrize("table", TABLES, ids=TABLE_IDS)
def test_every_column_is_stated_once_with_its_meaning(table: Table) -> None:
    assert len(set(table.column_names)) == len(table.columns)
    assert [column.name for column in table.columns if not column.doc.strip()] == []
    assert table.doc.strip()


@pytest.mark.parametrize("table", TABLES, ids=TABLE_IDS)
def test_key_columns_are_there_and_never_null(table: Table) -> None:
    nullable = {column.name: column.nullable for column in table.columns}
    assert table.key or table is REJECTED_EVENTS  # a frame may hold several rejects
    key = [name for name in table.key if name != TOPIC_ID.name]  # null in rows from before there was the column
    assert {name: nullable.get(name) for name in key} == dict.fromkeys(key, False)


@pytest.mark.parametrize("table", TABLES, ids=TABLE_IDS)
def test_partitions_come_from_columns_that_are_there(table: Table) -> None:
    sources = {re.sub(r"^\w+\((\w+)\)$", r"\1", transform) for transform in table.partitioned_by}
    assert sources <= set(table.column_names)


@pytest.mark.parametrize("table", HIVE_TABLES, ids=lambda table: table.full_name)
def test_hive_partition_columns_are_the_last_ones(table: Table) -> None:
    count = len(table.partitioned_by)
    assert table.column_names[-count:] == table.partitioned_by


@pytest.mark.parametrize("table", ICEBERG_TABLES, ids=ICEBERG_IDS)
def test_comments_and_properties_are_closed_strings(table: Table) -> None:
    sql = table.create_sql().replace("\\'", "")
    assert sql.count("'") % 2 == 0
    assert "CREATE TABLE IF NOT EXISTS " + table.full_name in sql
    assert ("PARTITIONED BY" in sql) == bool(table.partitioned_by)
    assert "'format-version'='2'" in sql


def test_names_are_unique() -> None:
    assert len({topic.name for topic in TOPICS}) == len(TOPICS)
    assert len(set(TABLE_IDS)) == len(TABLE_IDS)


@pytest.mark.parametrize("topic", TOPICS, ids=lambda topic: topic.name)
def test_topic_takes_the_largest_event_and_keeps_the_brokers_time(topic: object) -> None:
    config = getattr(topic, "config", {})
    assert int(config["max.message.bytes"]) > MAX_EVENT_BYTES
    assert config["message.timestamp.type"] == "LogAppendTime"


def test_producer_and_tables_agree_on_the_observation() -> None:
    event = PriceEvent("bitcoin", datetime(2024, 1, 1, tzinfo=UTC), Decimal(1), None, None, "simulator")
    wire = list(json.loads(event.to_json()))
    assert wire == [field.name for field in fields(PriceEvent)]
    assert wire == list(COIN_PRICES.column_names[: len(wire)])
    assert wire == list(COIN_DATA.column_names[: len(wire)])
    assert COIN_PRICES.key == COIN_DATA.key
