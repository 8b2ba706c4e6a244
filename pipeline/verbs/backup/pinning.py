"""Which state of each table is backed up: its newest snapshot, and all files that it consists of.

A snapshot is read from the table's own metadata files, so that a restore needs no catalog. Nothing is locked: tables
are pinned one after the other, each after those that are made from it, so that no table holds what its inputs lack. The
streams and chores do the rest at the restored lake's first start, as they do after a crash.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterable
from dataclasses import dataclass

from pipeline.errors import QueryError
from pipeline.presto import Presto
from pipeline.settings import Settings
from pipeline.tables.bronze import BRONZE_EVENTS
from pipeline.tables.coins import COIN_DAILY, COIN_RETURNS
from pipeline.tables.forecasts import FORECAST_SCORES, FORECASTS
from pipeline.tables.gold import ALERTS, BITCOIN_GOLD, HOURLY_DAILY_STATS, PRICE_STATS
from pipeline.tables.model import Table
from pipeline.tables.ops import CANDLE_DIFFERENCES, COVERAGE, GAPS
from pipeline.tables.silver import BITCOIN_DATA, CANDLES_1M, COIN_PRICES, FACT_TRADES, REJECTED_EVENTS
from pipeline.verbs.backup.checksums import TableSum, table_sum
from pipeline.verbs.backup.errors import BackupError
from pipeline.verbs.backup.hdfs_files import HdfsFiles
from pipeline.verbs.backup.iceberg_files import (
    ListedFile,
    Metadata,
    data_files_of,
    manifests_of,
    relative,
    snapshot_of,
)
from pipeline.verbs.backup.manifest import TableBackup
from pipeline.verbs.readback import load_sql

PIN_ORDER = (
    CANDLE_DIFFERENCES,
    COVERAGE,
    FORECAST_SCORES,
    FORECASTS,
    COIN_RETURNS,
    COIN_DAILY,
    HOURLY_DAILY_STATS,
    BITCOIN_GOLD,
    CANDLES_1M,
    PRICE_STATS,  # after the candles: the job writes it before them, and takes it for done where they are
    FACT_TRADES,
    ALERTS,  # after the trades, as a batch writes them: the trades of the batch will not come again
    BITCOIN_DATA,
    COIN_PRICES,
    REJECTED_EVENTS,  # after what else its batches write
    GAPS,
    BRONZE_EVENTS,  # written every 10 s or more, and so behind all others
)
ATTEMPTS = 3  # a busy table's snapshot may expire before Presto has planned the query that reads it
METADATA_SUFFIX = ".metadata.json"
FILES = "files"
"""The folder of the tables' files in a store; their names are unique, and none is ever changed."""


@dataclass(frozen=True)
class Snapshot:
    """A table's metadata as of its newest snapshot, their file, the manifests with their list, and the data files."""

    metadata: Metadata
    path: str
    manifests: tuple[str, ...] = ()
    data: tuple[ListedFile, ...] = ()


@dataclass(frozen=True)
class PinnedTable:
    """A table's entry in the manifest; by paths in the store, its files' URIs in HDFS and its data files' bytes."""

    entry: TableBackup
    sources: dict[str, str]
    sizes: dict[str, int]


class Pinner:
    """Pins tables of the running lake."""

    def __init__(self, settings: Settings, hdfs: HdfsFiles) -> None:
        self._settings = settings
        self._hdfs = hdfs
        self._presto = Presto(settings.lake.presto_url, source="lake_backup", request_timeout_s=600.0)

    def pin(self, table: Table) -> PinnedTable:
        """Return the table's newest snapshot, its rows counted and summed up by Presto.

        Raises:
            BackupError: its files cannot be copied, or are not its rows.
            ServiceError: HDFS or Presto does not answer.
        """
        for _ in range(ATTEMPTS - 1):
            with contextlib.suppress(QueryError):
                return self._pin_once(table)
        return self._pin_once(table)

    def _pin_once(self, table: Table) -> PinnedTable:
        path, metadata = self._newest(table)
        snapshot = snapshot_of(metadata)
        if snapshot is None:
            return _pinned(table, Snapshot(metadata, path), TableSum(0, None))
        total = table_sum(self._presto, table.full_name, columns_of(metadata), snapshot["snapshot-id"])
        manifests = manifests_of(table.full_name, self._content(snapshot["manifest-list"]))
        data = tuple(file for each in manifests for file in data_files_of(self._content(each)))
        listed = sum(file.rows for file in data)
        if listed != total.rows:
            raise BackupError(f"{table.full_name}: Presto counts {total.rows} rows, its files have {listed}")
        return _pinned(table, Snapshot(metadata, path, (snapshot["manifest-list"], *manifests), data), total)

    def _newest(self, table: Table) -> tuple[str, Metadata]:
        """Return the metadata that Presto reads, and its path: a crash may have left newer ones that nobody uses."""
        schema = f"{table.catalog}.{table.schema}"
        found = self._presto.rows(load_sql("newest_snapshot").format(schema=schema, table=table.name))
        wanted = found[0][0] if found else None
        folder = f"{self._settings.lake.table_location(table.schema, table.name)}/metadata"
        for path in newest_first(self._hdfs.sizes(folder)):
            metadata: Metadata = json.loads(self._content(path))
            snapshot = snapshot_of(metadata)
            if wanted == (None if snapshot is None else snapshot["snapshot-id"]):
                return path, metadata
        raise BackupError(f"{table.full_name}: no metadata in {folder} has the snapshot {wanted} that Presto reads")

    def _content(self, path: str) -> bytes:
        return b"".join(self._hdfs.read(path))


def _pinned(table: Table, found: Snapshot, total: TableSum) -> PinnedTable:
    location = found.metadata["location"]
    paths = (found.path, *found.manifests, *(file.path for file in found.data))
    store = {path: store_path(table.full_name, relative(table.full_name, location, path)) for path in paths}
    snapshot = snapshot_of(found.metadata)
    entry = TableBackup(
        name=table.full_name,
        location=location,
        snapshot=None if snapshot is None else snapshot["snapshot-id"],
        rows=total.rows,
        checksum=total.checksum,
        metadata=store[found.path],
        data=tuple(sorted(store[file.path] for file in found.data)),
    )
    sizes = {store[file.path]: file.size for file in found.data}
    return PinnedTable(entry, {path: uri for uri, path in store.items()}, sizes)


def store_path(name: str, path: str) -> str:
    """Return where in the store a file of a table lies; `name` is catalog.schema.table."""
    _catalog, schema, table = name.split(".")
    return f"{FILES}/{schema}/{table}/{path}"


def columns_of(metadata: Metadata) -> list[str]:
    """Return the names of a table's columns."""
    schemas = {schema["schema-id"]: schema for schema in metadata["schemas"]}
    return [field["name"] for field in schemas[metadata["current-schema-id"]]["fields"]]


def newest_first(paths: Iterable[str]) -> list[str]:
    """Return the metadata files among a table's, the newest first: their names begin with a growing number."""
    return sorted((path for path in paths if path.endswith(METADATA_SUFFIX)), key=_number, reverse=True)


def _number(path: str) -> int:
    return int(path.rpartition("/")[2].partition("-")[0])
