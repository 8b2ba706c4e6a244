"""Rows and a checksum of a table's columns, whatever the rows' order: computed by Presto before and after."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from pipeline.presto import Presto
from pipeline.verbs.readback import load_sql


@dataclass(frozen=True)
class TableSum:
    """How many rows a table has, and the checksum of them all; None where there is none."""

    rows: int
    checksum: str | None


def table_sum(presto: Presto, name: str, columns: Iterable[str], snapshot: int | None = None) -> TableSum:
    """Read a table, by default its current state, and return its sum; `name` is catalog.schema.table.

    Raises:
        PrestoUnreachableError: Presto is down or still starting.
        QueryError: the snapshot is not there any more, or a file is missing or damaged.
    """
    schema, _, table = name.rpartition(".")
    at = table if snapshot is None else f"{table}@{snapshot}"
    row = ", ".join(f'"{column}"' for column in columns)
    statement = load_sql("table_sum").format(table=f'{schema}."{at}"', row=row)
    ((rows, checksum),) = presto.rows(statement)
    return TableSum(int(rows), checksum)
