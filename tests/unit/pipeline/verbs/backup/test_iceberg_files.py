"""Iceberg's metadata files moved to another place: the paths change, and nothing else."""

from __future__ import annotations

import json

import pytest

from pipeline.verbs.backup.errors import BackupError
from pipeline.verbs.backup.iceberg_files import (
    Avro,
    ListedFile,
    Move,
    data_files_of,
    manifests_of,
    moved_manifest,
    moved_manifest_list,
    moved_metadata,
)
from tests.support.backups import ENTRY_SCHEMA, OLD, PRICES, SNAPSHOT, table_files

PLACE, NEW = f"{OLD}/silver.db/coin_prices", "hdfs://new:9000/lake/coin_prices"
MOVE = Move(PRICES, PLACE, NEW)
FILES = table_files()
MANIFEST, LIST = FILES[f"{PLACE}/metadata/m0.avro"], FILES[f"{PLACE}/metadata/snap-1.avro"]
METADATA = json.loads(FILES[f"{PLACE}/metadata/00007-aaaa.metadata.json"])


def test_a_manifest_lists_the_files_that_the_snapshot_holds() -> None:
    assert manifests_of(PRICES, LIST) == [f"{PLACE}/metadata/m0.avro"]
    assert list(data_files_of(MANIFEST)) == [
        ListedFile(f"{PLACE}/data/day={day}/{day}.parquet", 9, 2) for day in ("a", "b")
    ]


def test_a_moved_manifest_differs_in_its_paths_alone() -> None:
    before, after = Avro.read(MANIFEST), Avro.read(moved_manifest(MANIFEST, MOVE))
    assert [record["data_file"]["file_path"] for record in after.records] == [
        f"{NEW}/data/day=a/a.parquet",
        f"{NEW}/data/day=b/b.parquet",
        f"{NEW}/data/gone.parquet",
    ]
    assert (after.schema, after.header) == (ENTRY_SCHEMA, before.header)  # with the ids by which Iceberg reads fields
    for record, moved in zip(before.records, after.records, strict=True):
        record["data_file"]["file_path"] = moved["data_file"]["file_path"]
        assert moved == record


def test_a_moved_manifest_list_names_the_new_manifests() -> None:
    moved = Avro.read(moved_manifest_list(LIST, MOVE, {f"{PLACE}/metadata/m0.avro": 321}))
    assert moved.records == [{"manifest_path": f"{NEW}/metadata/m0.avro", "manifest_length": 321, "content": 0}]


def test_moved_metadata_keep_one_snapshot_and_the_marks_of_all() -> None:
    moved = moved_metadata(METADATA, SNAPSHOT, MOVE, {"coinlake.quiet.batch": "3"})
    assert OLD not in json.dumps(moved)
    assert moved["location"] == NEW
    (snapshot,) = moved["snapshots"]
    assert snapshot["manifest-list"] == f"{NEW}/metadata/snap-1.avro"
    assert (snapshot["snapshot-id"], snapshot["sequence-number"]) == (SNAPSHOT, 2)
    assert snapshot["summary"] == {
        "operation": "append",
        "coinlake.busy.checkpoint": "c2",
        "coinlake.busy.batch": "9",
        "coinlake.quiet.batch": "3",
    }
    assert moved["refs"] == {"main": {"snapshot-id": SNAPSHOT, "type": "branch"}}
    assert moved["snapshot-log"] == [{"snapshot-id": SNAPSHOT, "timestamp-ms": 2}]
    kept = ("table-uuid", "schemas", "last-sequence-number", "current-snapshot-id")
    assert {name: moved[name] for name in kept} == {name: METADATA[name] for name in kept}


def test_a_table_without_a_snapshot_is_moved() -> None:
    empty = {**METADATA, "snapshots": [], "current-snapshot-id": -1, "snapshot-log": [], "refs": {}}
    moved = moved_metadata(empty, None, MOVE, {})
    assert (moved["location"], moved["current-snapshot-id"], moved["snapshots"]) == (NEW, -1, [])


def test_a_file_outside_the_tables_folder_is_refused() -> None:
    with pytest.raises(BackupError, match="the file hdfs://elsewhere/x is not in the table's folder"):
        MOVE("hdfs://elsewhere/x")
    with pytest.raises(BackupError, match="is not in the table's folder"):
        MOVE(f"{PLACE}_copy/x")


def test_files_that_list_deleted_rows_are_refused() -> None:
    avro = Avro.read(LIST)
    avro.records.append({**avro.records[0], "content": 1})
    with pytest.raises(BackupError, match="files that only list deleted rows"):
        manifests_of(PRICES, avro.to_bytes())
