"""The driver's own rows as a DataFrame: every value as it was, and no Python on an executor."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from pipeline.spark.local_rows import local_rows

SCHEMA = "name string, n bigint, price decimal(38,18), at timestamp, good boolean"


def test_values_come_back_as_they_were_also_odd_ones_and_nulls(spark: SparkSession) -> None:
    at = datetime(2026, 11, 21, 10, 0, 0, 123456, tzinfo=UTC)
    rows = [
        ("a \"b\\c' \u00e9\n", -(2**63), Decimal("1E-18"), at, True),
        ("", 2**63 - 1, Decimal("99999999999999999999.999999999999999999"), at.replace(microsecond=0), False),
        (None, None, None, None, None),
    ]
    naive = F.col("at").cast("timestamp_ntz").alias("at")
    found = local_rows(spark, rows, SCHEMA).select("name", "n", "price", naive, "good").collect()
    without_zone = [(*row[:3], row[3].replace(tzinfo=None) if row[3] else None, row[4]) for row in rows]
    assert [tuple(row) for row in found] == without_zone


def test_no_rows_keep_their_columns(spark: SparkSession) -> None:
    none = local_rows(spark, [], SCHEMA)
    assert none.collect() == []
    assert [field.name for field in none.schema] == ["name", "n", "price", "at", "good"]
