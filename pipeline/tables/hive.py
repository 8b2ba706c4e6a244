"""Plain Hive tables on Parquet."""

from __future__ import annotations

from pipeline.tables.columns import OBSERVATION
from pipeline.tables.model import Column, Table

COIN_DATA = Table(
    "hive",
    "crypto",
    "coin_data",
    columns=(
        *OBSERVATION,
        Column("date", "date", "the UTC day of event_time", nullable=False),
        Column("year", "int", "the UTC year of event_time; the partition", nullable=False),
    ),
    key=("coin", "event_time", "source"),
    partitioned_by=("year",),
    doc="Price observations as a plain Parquet table for Hive, Impala and Presto",
)
