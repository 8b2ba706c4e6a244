"""The words in which tables are stated, on a table made for the test."""

from __future__ import annotations

from pipeline.tables.model import Column, Table

COINS = Table(
    "iceberg",
    "silver",
    "coins",
    columns=(Column("coin", "string", "the coin's id", nullable=False), Column("born", "date", "first day")),
    key=("coin",),
    doc="Each coin's first day",
    partitioned_by=("bucket(4, coin)", "years(born)"),
    properties={"format-version": "3"},
)


def test_names() -> None:
    assert COINS.full_name == "iceberg.silver.coins"
    assert COINS.column_names == ("coin", "born")


def test_spark_schema_lists_names_and_types() -> None:
    assert COINS.spark_schema() == "coin string, born date"


def test_create_sql_says_everything_once() -> None:
    lines = COINS.create_sql().splitlines()
    assert lines[:4] == [
        "CREATE TABLE IF NOT EXISTS iceberg.silver.coins (",
        "  coin string NOT NULL COMMENT 'the coin\\'s id',",
        "  born date COMMENT 'first day'",
        ") USING iceberg",
    ]
    assert lines[4:6] == ["PARTITIONED BY (bucket(4, coin), years(born))", "COMMENT 'Each coin\\'s first day'"]


def test_own_property_beats_the_shared_one() -> None:
    properties = COINS.create_sql().splitlines()[-1]
    assert "'format-version'='3'" in properties
    assert "'format-version'='2'" not in properties


def test_unpartitioned_table_has_no_partition_clause() -> None:
    assert "PARTITIONED" not in Table("iceberg", "ops", "x", COINS.columns, ("coin",), "doc").create_sql()
