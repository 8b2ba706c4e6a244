"""Two readers, one answer: every table row by row, as Presto has it and as DuckDB reads the same files."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from analysis.lake import connect
from pipeline.tables.catalog import TABLES
from pipeline.tables.model import Table
from proof.lake import Lake

TRIES = 3
MAX_ROWS = 2_000_000
MAX_BYTES = 4_000_000_000
COMPOUND = ("array", "map", "struct")  # types that the two clients write differently: their columns are left out


def differences(lake: Lake) -> dict[str, str]:
    """Return, by the table's name, how the readers differ; nothing where they agree.

    Raises:
        CoinlakeError: a table cannot be read, or is larger than what this compares.
    """
    found = {table.full_name: difference(lake, table) for table in TABLES}
    return {name: text for name, text in found.items() if text}


def difference(lake: Lake, table: Table) -> str:
    """Return how the readers' rows of one table differ; empty where they do not.

    Both read the same snapshot. The plain Hive table has none, and is asked for again if it was just written.
    """
    reader = connect(lake.settings)
    compound = [column.name for column in table.columns if column.type.startswith(COMPOUND)]
    text = ""
    for _ in range(TRIES):
        with reader.copy(table.full_name, max_bytes=MAX_BYTES, leave_out=compound) as copy:
            snapshot = copy.snapshots[table.full_name]
            by_duckdb = copy.query(rows_of(table, compound, table.full_name), exact=True, max_rows=MAX_ROWS)
        state = f"@{snapshot}" if snapshot else ""
        name = f'{table.catalog}.{table.schema}."{table.name}{state}"'
        by_presto = reader.query(rows_of(table, compound, name), exact=True, max_rows=MAX_ROWS)
        try:
            pd.testing.assert_frame_equal(in_milliseconds(by_duckdb), by_presto)
        except AssertionError as error:
            text = " ".join(str(error).split())[:300]
        else:
            return ""
    return text


def rows_of(table: Table, without: Sequence[str], name: str) -> str:
    """Return the statement for a table's rows in the order of its key, under this name."""
    names = [column for column in table.column_names if column not in without]
    order = table.key or tuple(names)
    columns, keys = (", ".join(f'"{each}"' for each in listed) for listed in (names, order))
    return f"SELECT {columns} FROM {name} ORDER BY {keys}"


def in_milliseconds(rows: pd.DataFrame) -> pd.DataFrame:
    """Cut times to milliseconds, as Presto does."""
    return rows.assign(
        **{name: rows[name].dt.floor("ms") for name in rows.columns if hasattr(rows[name].dtype, "tz")},
    )
