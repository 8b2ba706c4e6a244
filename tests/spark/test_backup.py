"""A table's files moved to another place: Iceberg finds the same rows, columns, statistics and marks there."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from pyspark.sql import SparkSession

from pipeline.spark.appending import load_table, snapshot_summaries, with_marks
from pipeline.spark.jvm import java_class, java_session
from pipeline.spark.maintenance import marks_in
from pipeline.tables.model import Table
from pipeline.tables.silver import FACT_TRADES
from pipeline.verbs.backup.hdfs_files import HdfsFiles
from pipeline.verbs.backup.iceberg_files import data_files_of, manifests_of, relative, snapshot_of
from pipeline.verbs.backup.manifest import Checked, TableBackup
from pipeline.verbs.backup.pinning import store_path
from pipeline.verbs.backup.stores import FolderStore
from pipeline.verbs.backup.table_restore import CheckedStore, TableRestore

MOVED = "iceberg.silver.moved_trades"


class LocalHdfs:
    """The local file system in HDFS's place."""

    def sizes(self, folder: str) -> dict[str, int]:
        return {str(path): path.stat().st_size for path in Path(folder).rglob("*") if path.is_file()}

    def write(self, uri: str, _size: int, content: Iterable[bytes]) -> None:
        Path(uri).parent.mkdir(parents=True, exist_ok=True)
        Path(uri).write_bytes(b"".join(content))


@pytest.fixture
def new_place(lake: SparkSession) -> Iterator[str]:
    """The folder in the warehouse that a table called MOVED would have; it is empty."""
    warehouse = lake.conf.get("spark.sql.catalog.iceberg.warehouse")
    folder = Path(f"{warehouse}/silver/moved_trades")
    yield str(folder)
    shutil.rmtree(folder, ignore_errors=True)


def add_trades(spark: SparkSession, first: int, days: int) -> None:
    """Append a trade a day, a file each, as batch number `first` of the stream of trades."""
    rows = spark.range(first, first + days, 1, 1).selectExpr(
        "'coinbase' AS source", "'BTC-USD' AS product_id", "id AS trade_id",
        "CAST(CAST(id AS decimal(20,0)) / 3 AS decimal(38,18)) AS price", "CAST(1 AS decimal(38,18)) AS size",
        "IF(id = 2, CAST(NULL AS string), 'buy') AS side",
        "CAST(timestamp_seconds(1767225600 + id * 86400) AS timestamp_ntz) AS trade_time",
        "TIMESTAMP_NTZ '2026-01-01 00:00:00' AS received_at", "'matches' AS channel",
        "TIMESTAMP_NTZ '2026-01-01 00:00:00' AS ingested_at", "'coinbase-raw-trades' AS topic", "0 AS partition",
        "id AS offset",
    )  # fmt: skip
    marks = {"coinlake.trades.checkpoint": "c", "coinlake.trades.batch": str(first)}
    with_marks(rows.writeTo(FACT_TRADES.full_name), marks).append()


def back_up(spark: SparkSession, table: Table, store: FolderStore) -> tuple[TableBackup, dict[str, Checked]]:
    """Copy a table's files into a store, as the backup of a lake does by way of HDFS and Presto."""
    parser = java_class(spark, "org.apache.iceberg.TableMetadataParser")
    metadata = json.loads(parser.toJson(load_table(spark, table).operations().current()))
    snapshot = snapshot_of(metadata)
    assert snapshot is not None
    location, name = metadata["location"], table.full_name
    manifests = manifests_of(name, local(snapshot["manifest-list"]).read_bytes())
    data = [file.path for each in manifests for file in data_files_of(local(each).read_bytes())]

    def stored(path: str) -> str:
        return store_path(name, relative(name, location, path))

    contents = {stored(path): local(path).read_bytes() for path in (snapshot["manifest-list"], *manifests, *data)}
    contents[store_path(name, "metadata/v.json")] = json.dumps(metadata).encode()
    for path, content in contents.items():
        store.write(path, [content])
    rows = int(snapshot["summary"]["total-records"])
    files = tuple(map(stored, data))
    entry = TableBackup(name, location, snapshot["snapshot-id"], rows, None, store_path(name, "metadata/v.json"), files)
    sums = {path: Checked(len(content), hashlib.sha256(content).hexdigest()) for path, content in contents.items()}
    return entry, sums


def local(path: str) -> Path:
    return Path(path.removeprefix("file:"))


def restore(store: FolderStore, entry: TableBackup, files: dict[str, Checked], place: str) -> None:
    """Bring the table to a place where the catalog of the tests, a folder, finds it as its first version."""
    moved = TableRestore(CheckedStore(store, files), cast(HdfsFiles, LocalHdfs()), entry, place)
    for path in moved.missing():
        moved.bring(path)
    assert moved.missing() == []
    metadata = Path(moved.bring_metadata())
    shutil.move(metadata, metadata.with_name("v1.metadata.json"))
    metadata.with_name("version-hint.text").write_text("1", encoding="utf-8")


def test_a_moved_table_is_the_same(lake: SparkSession, new_place: str, tmp_path: Path) -> None:
    add_trades(lake, 0, 3)
    add_trades(lake, 3, 2)
    lake.sql(f"DELETE FROM {FACT_TRADES.full_name} WHERE trade_id = 1")
    lake.sql(f"ALTER TABLE {FACT_TRADES.full_name} ADD COLUMN added string AFTER source")  # its id is the highest
    expected = rows_of(lake, FACT_TRADES.full_name)
    store = FolderStore(tmp_path / "backup")
    entry, files = back_up(lake, FACT_TRADES, store)
    old = local(entry.location)
    restore(store, entry, files, new_place)
    old.rename(tmp_path / "away")  # no file of the old place is needed
    try:
        assert rows_of(lake, MOVED) == expected
        assert len(expected) == entry.rows == 4
        listed = lake.sql(f"SELECT file_path, lower_bounds FROM {MOVED}.files").collect()
        assert {row["file_path"].startswith(f"{new_place}/data/") for row in listed} == {True}
        assert all(row["lower_bounds"] for row in listed)
        late = lake.table(MOVED).where("trade_time >= TIMESTAMP_NTZ '2026-01-04 00:00:00'")
        assert late.count() == 2
        check_writing(lake)
    finally:
        (tmp_path / "away").rename(old)


def check_writing(lake: SparkSession) -> None:
    """Check that the moved table takes rows and is compacted as any other, and remembers its batches."""
    moved = java_class(lake, "org.apache.iceberg.spark.Spark3Util").loadIcebergTable(java_session(lake), MOVED)
    assert marks_in(list(snapshot_summaries(lake, moved))) == {
        "coinlake.trades.checkpoint": "c",
        "coinlake.trades.batch": "3",
    }
    lake.table(MOVED).limit(1).writeTo(MOVED).append()
    lake.sql(f"CALL iceberg.system.rewrite_data_files(table => '{MOVED}', options => map('rewrite-all', 'true'))")
    assert lake.table(MOVED).count() == 5


def rows_of(spark: SparkSession, table: str) -> list[Any]:
    return sorted(map(str, spark.table(table).collect()))
