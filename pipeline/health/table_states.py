"""What each table holds, as Presto sees it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import CoinlakeError
from pipeline.presto import Presto
from pipeline.tables.model import Table

SQL_DIR = Path(__file__).with_name("sql")
# The first of these that a table has tells its freshness.
ARRIVAL_COLUMNS = (
    "ingested_at",
    "kafka_time",
    "event_time",
    "last_ingested_at",
    "detected_at",
    "opened_at",
    "window_end",
    "checked_at",
    "held_at",
    "created_at",
    "hour",
)


@dataclass(frozen=True)
class TableState:
    """One table: rows, seconds since its newest row arrived, data files; None is not known."""

    name: str
    rows: int | None = None
    freshness_s: float | None = None
    data_files: int | None = None


def table_state(presto: Presto, table: Table) -> TableState:
    """Ask Presto about a table; what cannot be answered stays unknown."""
    try:
        rows, newest_ms, data_files = presto.rows(statement(table))[0]
    except CoinlakeError:
        return TableState(table.full_name)
    freshness = None if newest_ms is None else round(max(0.0, time.time() - newest_ms / 1000), 1)
    return TableState(table.full_name, rows, freshness, data_files)


def statement(table: Table) -> str:
    """Return the statement that asks for rows, newest time and data files of a table."""
    kind = "iceberg" if table.catalog == "iceberg" else "hive"
    template = (SQL_DIR / f"{kind}_table.sql").read_text(encoding="utf-8").strip()
    return template.format(
        table=table.full_name,
        files_table=f'{table.catalog}.{table.schema}."{table.name}$files"',
        time_column=next(name for name in ARRIVAL_COLUMNS if name in table.column_names),
    )
