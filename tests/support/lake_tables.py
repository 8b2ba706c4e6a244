"""The lake's Iceberg tables in DuckDB, which has Presto's functions, too: a second engine for the SQL that ships."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

import duckdb

from pipeline.tables.model import Table

TYPES = {"string": "varchar", "timestamp_ntz": "timestamp"}
FILLERS = {"string": "", "timestamp_ntz": datetime.now(UTC).replace(tzinfo=None), "bigint": 0, "int": 0}


def create_tables(db: duckdb.DuckDBPyConnection, *tables: Table) -> None:
    """Make the tables, empty, in a catalog called iceberg."""
    db.execute("SET TimeZone = 'UTC'; ATTACH ':memory:' AS iceberg")
    for table in tables:
        columns = ", ".join(f'"{column.name}" {TYPES.get(column.type, column.type)}' for column in table.columns)
        db.execute(f"CREATE SCHEMA IF NOT EXISTS iceberg.{table.schema}")
        db.execute(f"CREATE TABLE {table.full_name} ({columns})")


def insert_row(db: duckdb.DuckDBPyConnection, table: Table, **given: object) -> None:
    """Insert a row; what is not given is empty or zero, and null where that is allowed."""
    values = [
        given.get(column.name, None if column.nullable else FILLERS.get(column.type, Decimal(0)))
        for column in table.columns
    ]
    db.execute(f"INSERT INTO {table.full_name} VALUES ({', '.join('?' * len(values))})", values)
