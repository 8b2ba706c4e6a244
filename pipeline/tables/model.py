"""The words in which tables are stated, and their translation for Spark, Iceberg and Hive."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

# A price or size keeps every digit it had on the wire: 20 before the point, 18 behind it (the finest unit any listed
# asset trades in), which also lets Presto multiply two of them (scale 36 of at most 38).
DECIMAL = "decimal(38,18)"

TIMESTAMP = "timestamp_ntz"  # UTC; Presto 0.287 refuses Iceberg's timestamptz


@dataclass(frozen=True)
class Column:
    """One column: its Spark SQL type, and what it means."""

    name: str
    type: str
    doc: str
    nullable: bool = True


@dataclass(frozen=True)
class Table:
    """One table: its columns, its business key, and how its files are laid out.

    `partitioned_by` holds Iceberg transforms (`years(event_time)`) or, for a Hive table, column names.
    """

    catalog: str
    schema: str
    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    doc: str
    partitioned_by: tuple[str, ...] = ()
    properties: Mapping[str, str] = field(default_factory=dict)

    @property
    def full_name(self) -> str:
        """The name in Spark and in Presto: catalog.schema.table."""
        return f"{self.catalog}.{self.schema}.{self.name}"

    @property
    def column_names(self) -> tuple[str, ...]:
        """The columns' names in the table's order."""
        return tuple(column.name for column in self.columns)

    @property
    def partitioning(self) -> tuple[str, str]:
        """The transform and the column of an Iceberg table's only partition column: `months(minute)` in two."""
        transform, _, rest = self.partitioned_by[0].partition("(")
        return transform, rest.rstrip(")")

    def spark_schema(self) -> str:
        """Return the columns as a Spark DDL string, for readers that take a schema."""
        return ", ".join(f"{column.name} {column.type}" for column in self.columns)

    def create_sql(self) -> str:
        """Return the statement that creates this table in an Iceberg catalog of Spark, if it is not there."""
        columns = ",\n  ".join(_column_sql(column) for column in self.columns)
        lines = [f"CREATE TABLE IF NOT EXISTS {self.full_name} (\n  {columns}\n) USING iceberg"]
        if self.partitioned_by:
            lines.append(f"PARTITIONED BY ({', '.join(self.partitioned_by)})")
        lines.append(f"COMMENT '{_quoted(self.doc)}'")
        lines.append(f"TBLPROPERTIES ({_pairs(self.iceberg_properties)})")
        return "\n".join(lines)

    def add_column_sql(self, column: Column) -> str:
        """Return the statement that adds a column, which has to be nullable, to a table that was made without it."""
        return f"ALTER TABLE {self.full_name} ADD COLUMN {_column_sql(column)}"

    def properties_sql(self, properties: Mapping[str, str]) -> str:
        """Return the statement that sets properties of this table in an Iceberg catalog of Spark."""
        return f"ALTER TABLE {self.full_name} SET TBLPROPERTIES ({_pairs(properties)})"

    @property
    def iceberg_properties(self) -> Mapping[str, str]:
        """The table's properties in an Iceberg catalog: those of all tables, and its own."""
        return {**ICEBERG_PROPERTIES, **self.properties}

    def create_external_sql(self, location: str) -> str:
        """Return the Presto statement that registers this table in a Hive catalog on Parquet files at `location`.

        Presto wants the partition columns last and has no NOT NULL for Hive tables.
        """
        columns = ",\n  ".join(
            f"\"{c.name}\" {PRESTO_TYPES.get(c.type, c.type)} COMMENT '{_doubled(c.doc)}'" for c in self.columns
        )
        partitions = ", ".join(f"'{name}'" for name in self.partitioned_by)
        return (
            f"CREATE TABLE IF NOT EXISTS {self.full_name} (\n  {columns}\n) COMMENT '{_doubled(self.doc)}'\n"
            f"WITH (format = 'PARQUET', external_location = '{location}', partitioned_by = ARRAY[{partitions}])"
        )


PRESTO_TYPES: Mapping[str, str] = {"string": "varchar", TIMESTAMP: "timestamp", "binary": "varbinary"}

# Measured on two cores: one file and one task a batch, merged manifests and quick retries beat the defaults by far.
ICEBERG_PROPERTIES: Mapping[str, str] = {
    "format-version": "2",
    "write.distribution-mode": "none",
    "write.spark.fanout.enabled": "true",
    "write.parquet.compression-codec": "zstd",
    "write.metadata.delete-after-commit.enabled": "true",
    # A reader opens the version that the metastore named to it a moment ago; at a commit a second, 100 are 100 s.
    "write.metadata.previous-versions-max": "100",
    "commit.manifest.min-count-to-merge": "10",
    "commit.retry.num-retries": "20",
    "commit.retry.min-wait-ms": "10",
}


def _column_sql(column: Column) -> str:
    nullable = "" if column.nullable else " NOT NULL"
    return f"{column.name} {column.type}{nullable} COMMENT '{_quoted(column.doc)}'"


def _pairs(properties: Mapping[str, str]) -> str:
    return ", ".join(f"'{name}'='{value}'" for name, value in sorted(properties.items()))


def _doubled(text: str) -> str:
    return text.replace("'", "''")


def _quoted(text: str) -> str:
    return text.replace("'", "\\'")
