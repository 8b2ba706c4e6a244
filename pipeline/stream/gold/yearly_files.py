"""Writing tables that are partitioned by the year of their `day`: a year of all coins is one small file."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from functools import reduce

from pyspark.sql import Column, DataFrame, DataFrameWriterV2
from pyspark.sql import functions as F

from pipeline.failpoints import reach
from pipeline.spark.appending import with_marks
from pipeline.tables.model import Table


def replace_in_years(rows: DataFrame, table: Table, years: Collection[int], properties: Mapping[str, str]) -> None:
    """Put rows in the place of those with their keys, in one commit; `years` are all that the rows are in."""
    known = rows.sparkSession.table(table.full_name).where(in_years(years))
    kept = known.join(rows.select(*table.key), on=list(table.key), how="left_anti").select(*table.column_names)
    _writer(kept.unionByName(rows.select(*table.column_names)), table, properties).overwritePartitions()
    reach(f"replaced.{table.name}")


def replace_all(rows: DataFrame, table: Table, properties: Mapping[str, str]) -> None:
    """Put rows in the place of all that the table holds, in one commit."""
    _writer(rows.select(*table.column_names), table, properties).overwrite(F.lit(True))
    reach(f"replaced.{table.name}")


def in_years(years: Collection[int]) -> Column:
    """Match the days of these years; simple enough for Iceberg to skip the other partitions by it."""
    spans = (F.col("day").between(date(year, 1, 1), date(year, 12, 31)) for year in sorted(years))
    return reduce(Column.__or__, spans)


def _writer(rows: DataFrame, table: Table, properties: Mapping[str, str]) -> DataFrameWriterV2:
    return with_marks(rows.coalesce(1).writeTo(table.full_name), properties)
