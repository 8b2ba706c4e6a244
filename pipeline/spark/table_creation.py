"""Making the Iceberg tables, and bringing those that an older version made up to date."""

from __future__ import annotations

from collections.abc import Iterable

from pyspark.sql import SparkSession

from pipeline.tables.model import Table


def create_tables(spark: SparkSession, tables: Iterable[Table]) -> None:
    """Create the databases and tables that are missing; add columns and set properties that existing tables lack."""
    wanted = tuple(tables)
    for schema in dict.fromkeys(table.schema for table in wanted):
        spark.sql(f"CREATE NAMESPACE IF NOT EXISTS iceberg.{schema}")
    for table in wanted:
        spark.sql(table.create_sql())
        bring_up_to_date(spark, table)


def bring_up_to_date(spark: SparkSession, table: Table) -> None:
    """Add the columns that the table lacks, null in its rows, and set the properties that differ."""
    found = spark.table(table.full_name).columns
    for column in table.columns:
        if column.name not in found:
            spark.sql(table.add_column_sql(column))
    properties = {row["key"]: row["value"] for row in spark.sql(f"SHOW TBLPROPERTIES {table.full_name}").collect()}
    differing = {name: value for name, value in table.iceberg_properties.items() if properties.get(name) != value}
    if differing:
        spark.sql(table.properties_sql(differing))
