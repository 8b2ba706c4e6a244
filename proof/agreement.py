"""Two readers, one answer: every table row by row, as Presto has it and as DuckDB reads the same files."""

from __future__ import annotations

import pandas as pd

from analysis.lake import connect
from pipeline.tables.catalog import TABLES
from pipeline.tables.model import Table
from proof.lake import Lake

TRIES = 3
MAX_ROWS = 2_000_000
MAX_BYTES = 4_000_000_000
COMPOUND = ("array", "map", "struct")  # types that the two clients write differently


def differences(lake: Lake) -> dict[str, str]:
    """Return, by the table's name, how the readers differ; nothing where they agree.

    Nobody may be trading. What the last trades are still summed up in is asked for again.

    Raises:
        CoinlakeError: a table cannot be read, or is larger than what this compares.
    """
    found = {}
    for table in TABLES:
        for _ in range(TRIES):
            text = difference(lake, table)
            if not text:
                break
        else:
            found[table.full_name] = text
    return found


def difference(lake: Lake, table: Table) -> str:
    """Return how the readers' rows of one table differ; empty where they do not."""
    names = [column.name for column in table.columns if not column.type.startswith(COMPOUND)]
    columns = ", ".join(f'"{name}"' for name in names)
    order = ", ".join(f'"{name}"' for name in (table.key or names))
    sql = f"SELECT {columns} FROM {table.full_name} ORDER BY {order}"
    reader = connect(lake.settings)
    by_presto = reader.query(sql, exact=True, max_rows=MAX_ROWS)
    with reader.copy(table.full_name, max_bytes=MAX_BYTES) as copy:
        by_duckdb = copy.query(sql, exact=True, max_rows=MAX_ROWS)
    try:
        pd.testing.assert_frame_equal(in_milliseconds(by_duckdb), by_presto)
    except AssertionError as error:
        return " ".join(str(error).split())[:300]
    return ""


def in_milliseconds(rows: pd.DataFrame) -> pd.DataFrame:
    """Cut times to milliseconds, as Presto does."""
    return rows.assign(
        **{name: rows[name].dt.floor("ms") for name in rows.columns if hasattr(rows[name].dtype, "tz")},
    )
