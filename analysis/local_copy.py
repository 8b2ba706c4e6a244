"""Tables of the lake copied to this machine and asked with DuckDB: a second opinion on what Presto says.

Each table is copied as of one snapshot and keeps its name, so that a statement without functions of one engine alone
runs in both. DuckDB calculates otherwise in places: `avg` of decimals is a double, `/` of whole numbers a fraction, and
timestamps keep the microseconds that Presto cuts to milliseconds.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Self

import duckdb
import pandas as pd

from analysis.errors import TableCopyError
from analysis.frames import to_frame
from analysis.lake_files import CATALOGS, TableFiles, fetch
from pipeline.errors import TooManyRowsError

DUCKDB_TYPES = {"varbinary": "BLOB", "real": "FLOAT"}
SAME_TYPES = re.compile(
    r"(boolean|tinyint|smallint|integer|bigint|double|varchar(\(\d+\))?|date|timestamp|decimal\(\d+,\d+\))"
)
PRESTO_TYPES = {
    "HUGEINT": "bigint",  # a sum of BIGINTs
    "UBIGINT": "bigint",
    "UINTEGER": "bigint",
    "FLOAT": "real",
    "BLOB": "varbinary",
}


class LocalCopy:
    """Copies of tables in a temporary folder; leaving the `with` block, or `close`, deletes them."""

    def __init__(self, hdfs_http_url: str, tables: Sequence[TableFiles], max_rows: int) -> None:
        """Copy the tables' files.

        Raises:
            TableCopyError: a column has a type that the engines do not share.
            ServiceError: HDFS does not answer, or has deleted a file since it was listed.
        """
        self._max_rows = max_rows
        self._folder = TemporaryDirectory(prefix="coinlake-copy-")
        self._db = duckdb.connect(config={"temp_directory": f"{self._folder.name}/spill"})
        self.snapshots = {table.name: table.snapshot for table in tables}
        try:
            for catalog in CATALOGS:
                self._db.execute(f"ATTACH ':memory:' AS {catalog}")
            for table in tables:
                self._add(hdfs_http_url, table)
        except BaseException:
            self.close()
            raise

    def query(
        self, sql: str, params: Sequence[object] = (), *, exact: bool = False, max_rows: int | None = None
    ) -> pd.DataFrame:
        """Run one statement in DuckDB and return its rows in the types that `Lake.query` has.

        Raises:
            duckdb.Error: DuckDB refused or failed the statement.
            TooManyRowsError: the result has more rows than the limit.
        """
        limit = self._max_rows if max_rows is None else max_rows
        answer = self._db.execute(sql, list(params))
        columns = [(name, _presto_type(str(kind))) for name, kind, *_ in answer.description or []]
        rows = answer.fetchmany(limit + 1)
        if len(rows) > limit:
            raise TooManyRowsError(limit)
        binary = {number for number, (_, kind) in enumerate(columns) if kind == "varbinary"}
        return to_frame(columns, [_as_presto_sends(row, binary) for row in rows] if binary else rows, exact=exact)

    def close(self) -> None:
        """Delete the copies."""
        self._db.close()
        self._folder.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _add(self, hdfs_http_url: str, table: TableFiles) -> None:
        view = view_sql(table, Path(self._folder.name))
        for file in table.files:
            fetch(hdfs_http_url, file, local_path(Path(self._folder.name), file.path))
        self._db.execute(f"CREATE SCHEMA IF NOT EXISTS {table.name.rpartition('.')[0]}")
        self._db.execute(view)


def view_sql(table: TableFiles, folder: Path) -> str:
    """Return the statement that shows the copied files as the table.

    Files from before a column was added lack it; a Hive table's partition columns stand in the folders' names alone.
    """
    types = {name: _duckdb_type(table.name, name, kind) for name, kind in table.columns.items()}
    nothing = ", ".join(f'NULL::{kind} AS "{name}"' for name, kind in types.items())
    rows = f"SELECT {nothing} WHERE false"
    if table.files:
        paths = [str(local_path(folder, file.path)) for file in table.files]
        partitioned = str(table.snapshot is None).lower()
        read = f"read_parquet({_list(paths)}, union_by_name = true, hive_partitioning = {partitioned})"
        rows = f"{rows} UNION ALL BY NAME SELECT * FROM {read}"  # noqa: S608  the lake's own names
    columns = ", ".join(f'CAST("{name}" AS {kind}) AS "{name}"' for name, kind in types.items())
    return f"CREATE VIEW {table.name} AS SELECT {columns} FROM ({rows})"  # noqa: S608  likewise


def local_path(folder: Path, path: str) -> Path:
    """Return where the copy of a file in HDFS lies."""
    return folder / path.lstrip("/")


def _duckdb_type(table: str, column: str, presto_type: str) -> str:
    if SAME_TYPES.fullmatch(presto_type):
        return presto_type
    if presto_type not in DUCKDB_TYPES:
        raise TableCopyError(table, f"column {column} is of type {presto_type}: query it through Presto")
    return DUCKDB_TYPES[presto_type]


def _presto_type(duckdb_type: str) -> str:
    return PRESTO_TYPES.get(duckdb_type, duckdb_type.lower())


def _as_presto_sends(row: Sequence[object], binary: set[int]) -> list[object]:
    """Return a row whose bytes are text in base 64, as in Presto's protocol."""
    return [
        base64.b64encode(value).decode() if number in binary and isinstance(value, bytes) else value
        for number, value in enumerate(row)
    ]


def _list(paths: Sequence[str]) -> str:
    return "[" + ", ".join("'" + path.replace("'", "''") + "'" for path in paths) + "]"
