"""Which Parquet files hold a table's rows right now, as Presto's metadata say, and how to fetch one from HDFS."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import quote, urlsplit

import httpx

from analysis.errors import TableCopyError
from analysis.sql_files import load_sql
from pipeline.errors import ServiceError, UnknownNameError
from pipeline.own_http import own_client
from pipeline.presto import Presto
from pipeline.tables.catalog import TABLES

CATALOGS = ("iceberg", "hive")
VIEW = "VIEW"
ANSWER_S = 30.0


@dataclass(frozen=True)
class LakeFile:
    """A Parquet file in HDFS: its path there, and its bytes."""

    path: str
    size: int


@dataclass(frozen=True)
class TableFiles:
    """A table's columns with Presto's types, and the files of one state of it; `snapshot` is None for a Hive table."""

    name: str
    columns: Mapping[str, str]
    files: tuple[LakeFile, ...]
    snapshot: int | None = None

    @property
    def size(self) -> int:
        """The bytes of all files."""
        return sum(file.size for file in self.files)

    def without(self, names: Collection[str]) -> TableFiles:
        """Return the same without some columns."""
        return replace(self, columns={name: kind for name, kind in self.columns.items() if name not in names})


def find_files(presto: Presto, name: str) -> TableFiles:
    """Return the files of a table's current state; `name` is catalog.schema.table.

    Raises:
        UnknownNameError: the lake has no such table.
        TableCopyError: it is a view, or its files alone are not its rows.
        PrestoUnreachableError: Presto is down or still starting.
    """
    catalog, schema, table = _checked(presto, name)
    columns = dict(presto.columns_and_rows(f"SELECT * FROM {name} LIMIT 0")[0])  # noqa: S608  a checked name
    names = {"catalog": catalog, "schema": schema, "table": table}
    if catalog == "hive":
        return TableFiles(name, columns, _files(presto, load_sql("files/hive_files").format(**names)))
    found = presto.rows(load_sql("files/iceberg_snapshot").format(**names))
    if not found:
        return TableFiles(name, columns, ())
    snapshot, delete_files = found[0]
    if delete_files:
        # Our writers rewrite files instead; rows that another one deleted this way would come back.
        raise TableCopyError(name, f"{delete_files} of its files only list deleted rows: query it through Presto")
    files = _files(presto, load_sql("files/iceberg_files").format(**names, snapshot=snapshot))
    return TableFiles(name, columns, files, snapshot)


def fetch(hdfs_http_url: str, file: LakeFile, target: Path) -> None:
    """Copy a file from HDFS to `target`: the NameNode redirects to a DataNode that has it.

    Raises:
        ServiceError: HDFS does not answer, has deleted the file since, or sent less than all of it.
    """
    url = f"{hdfs_http_url}/webhdfs/v1{quote(file.path)}"
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        with (
            own_client(timeout=ANSWER_S) as client,
            client.stream(
                "GET", url, params={"op": "OPEN", "user.name": "coinlake"}, follow_redirects=True
            ) as response,
            target.open("wb") as copy,
        ):
            response.raise_for_status()
            for part in response.iter_bytes():
                copy.write(part)
    except httpx.HTTPError as error:
        raise ServiceError(f"{url}: {error or type(error).__name__}") from None
    if target.stat().st_size != file.size:
        raise ServiceError(f"{url}: {target.stat().st_size} of {file.size} bytes came")


def _checked(presto: Presto, name: str) -> list[str]:
    parts = name.split(".")
    if len(parts) != 3 or parts[0] not in CATALOGS or not all(part.isidentifier() for part in parts):
        raise UnknownNameError("table", name, [table.full_name for table in TABLES])
    kinds = presto.rows(load_sql("files/schema_tables").format(catalog=parts[0]), [parts[1]])
    known = {f"{parts[0]}.{parts[1]}.{table}": kind for table, kind in kinds}
    if name not in known:
        raise UnknownNameError("table", name, sorted(each for each, kind in known.items() if kind != VIEW))
    if known[name] == VIEW:
        raise TableCopyError(name, "it is a view and has no files: copy the tables that it reads")
    return parts


def _files(presto: Presto, sql: str) -> tuple[LakeFile, ...]:
    return tuple(LakeFile(urlsplit(path).path, int(size)) for path, size in presto.rows(sql))
