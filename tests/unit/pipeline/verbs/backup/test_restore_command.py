"""Restoring: into an empty lake only, each file checked, and a cut restore never taken for whole."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import cast

import pytest

from pipeline.settings import Settings, load_settings
from pipeline.verbs.backup import home_files, marker, restore
from pipeline.verbs.backup.checksums import TableSum
from pipeline.verbs.backup.errors import BackupError, DamagedBackupError, NotEmptyError, UnfinishedRestoreError
from pipeline.verbs.backup.hdfs_files import HdfsFiles
from pipeline.verbs.backup.iceberg_files import Avro
from pipeline.verbs.backup.manifest import Checked, Manifest, TableBackup
from pipeline.verbs.backup.stores import FolderStore
from pipeline.verbs.backup.table_restore import CheckedStore, TableRestore
from pipeline.verbs.console import Stages
from tests.support.backups import OLD, PRICES, SNAPSHOT, FakeHdfs, table_files

PLACE, NEW = f"{OLD}/silver.db/coin_prices", "hdfs://new:19020/warehouse/silver.db/coin_prices"
STORED = "files/silver/coin_prices"
DATA = (f"{STORED}/data/day=a/a.parquet", f"{STORED}/data/day=b/b.parquet")
TABLE = TableBackup(PRICES, PLACE, SNAPSHOT, 4, "c3Vt", f"{STORED}/metadata/00007-aaaa.metadata.json", DATA)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings({"COINLAKE_HOME": str(tmp_path / "home"), "COINLAKE_PORT_BASE": "19000"})


@pytest.fixture
def store(tmp_path: Path) -> FolderStore:
    """A folder with a backup of one table."""
    made = FolderStore(tmp_path / "from")
    files = {uri.replace(PLACE, STORED): content for uri, content in table_files().items()}
    for path, content in files.items():
        made.write(path, [content])
    sums = {path: Checked(len(content), hashlib.sha256(content).hexdigest()) for path, content in files.items()}
    made.write("backup-20260131T000000Z.json", [Manifest("2026-01-31T00:00:00", (TABLE,), {}, sums).to_json().encode()])
    return made


def checked(store: FolderStore) -> CheckedStore:
    return CheckedStore(store, restore.catalog.load(store)[1].files)


def table(store: FolderStore, hdfs: FakeHdfs) -> TableRestore:
    return TableRestore(checked(store), cast(HdfsFiles, hdfs), TABLE, NEW)


def test_a_table_is_brought_under_another_uri(store: FolderStore) -> None:
    hdfs = FakeHdfs()
    moved = table(store, hdfs)
    assert moved.columns == ["coin", "price_usd"]
    for path in moved.missing():
        moved.bring(path)
    metadata = json.loads(hdfs.files[moved.bring_metadata()])
    assert all(OLD.encode() not in content for content in hdfs.files.values())
    manifest_list = Avro.read(hdfs.files[metadata["snapshots"][0]["manifest-list"]])
    (listed,) = manifest_list.records
    manifest = hdfs.files[listed["manifest_path"]]
    assert listed["manifest_length"] == len(manifest)
    present = [each["data_file"]["file_path"] for each in Avro.read(manifest).records if each["status"] != 2]
    assert [hdfs.files[path] for path in present] == [b"rows of a", b"rows of b"]
    assert metadata["snapshots"][0]["summary"]["coinlake.quiet.batch"] == "3"  # only an older snapshot had it


def test_what_is_there_in_full_size_is_not_brought_again(store: FolderStore) -> None:
    hdfs = FakeHdfs({f"{NEW}/data/day=a/a.parquet": b"rows of a", f"{NEW}/data/day=b/b.parquet": b"cut"})
    assert table(store, hdfs).missing() == [DATA[1]]


@pytest.mark.parametrize("content", [b"rows of A", b"rows", b"rows of a and more"])
def test_a_file_with_another_content_is_refused_and_not_left(store: FolderStore, content: bytes) -> None:
    store.write(DATA[0], [content])
    hdfs = FakeHdfs()
    with pytest.raises(DamagedBackupError, match=r"files/silver/coin_prices/data/day=a/a.parquet has another checksum"):
        table(store, hdfs).bring(DATA[0])
    assert hdfs.files == {}


def test_a_missing_file_is_named(store: FolderStore) -> None:
    store.delete(DATA[0])
    with pytest.raises(BackupError, match=r"a\.parquet"):
        table(store, FakeHdfs()).bring(DATA[0])


def test_damaged_metadata_are_refused(store: FolderStore) -> None:
    store.write(TABLE.metadata, [b"{}"])
    with pytest.raises(DamagedBackupError, match="has another checksum"):
        table(store, FakeHdfs())


def test_a_lake_with_data_is_refused(settings: Settings, store: FolderStore) -> None:
    (settings.data_dir / "scheduler").mkdir(parents=True)
    with pytest.raises(NotEmptyError, match=r"data holds a lake: a backup is restored into an empty lake only"):
        restore.run(settings, restore.parse([store.place]), Stages())


def test_a_running_lake_is_refused(settings: Settings, store: FolderStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(restore.supervisor.Client, "answers", lambda _self: True)
    with pytest.raises(NotEmptyError, match="runs"):
        restore.run(settings, restore.parse([store.place]), Stages())


def test_a_disk_without_room_is_refused(settings: Settings, store: FolderStore) -> None:
    manifest = restore.catalog.load(store)[1]
    huge = Manifest(manifest.made_at, manifest.tables, {}, {"x": Checked(10**18, "")})
    with pytest.raises(BackupError, match="MB of disk are free in"):
        restore.require_room(settings, huge)
    restore.require_room(settings, manifest)


def test_a_folder_without_a_backup_is_refused(settings: Settings, tmp_path: Path) -> None:
    with pytest.raises(BackupError, match="there is no whole backup in"):
        restore.run(settings, restore.parse([str(tmp_path)]), Stages())


def test_an_unknown_backup_is_refused_with_those_there_are(settings: Settings, store: FolderStore) -> None:
    options = restore.parse([store.place, "--backup", "backup-x.json"])
    with pytest.raises(BackupError, match=r"no backup backup-x.json in .*; it has backup-20260131T000000Z.json"):
        restore.run(settings, options, Stages())


def test_a_cut_restore_keeps_the_lake_from_starting(settings: Settings, store: FolderStore, tmp_path: Path) -> None:
    marker.require_none(settings)
    marker.Restoring("backup-1.json", "/other").begin(settings)
    with pytest.raises(UnfinishedRestoreError, match=r"the restore of backup-1.json from /other"):
        marker.require_none(settings)
    # Nor is another backup restored on top of it.
    with pytest.raises(UnfinishedRestoreError):
        restore.run(settings, restore.parse([store.place, "--backup", "backup-20260131T000000Z.json"]), Stages())
    marker.end(settings)
    marker.require_none(settings)


def test_a_table_with_other_rows_fails_the_restore(
    settings: Settings, store: FolderStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = TableSum(4, "c3Vt")
    monkeypatch.setattr(restore, "table_sum", lambda *_words: found)
    tables = [table(store, FakeHdfs())]
    restore.compare(settings, tables, Stages())
    for found in (TableSum(4, "b3RoZXI="), TableSum(3, "c3Vt")):  # noqa: B007 - the stand-in returns it
        with pytest.raises(BackupError, match=r"iceberg.silver.coin_prices holds TableSum\(.*, the backup TableSum\("):
            restore.compare(settings, tables, Stages())


def test_files_are_put_back_below_the_lakes_data_alone(settings: Settings) -> None:
    home_files.put_back(settings, "data/scheduler/markets.json", b"{}")
    assert (settings.data_dir / "scheduler" / "markets.json").read_bytes() == b"{}"
    for path in (".env", "data/../.env", "/etc/passwd"):
        with pytest.raises(BackupError, match="is not among the lake's data"):
            home_files.put_back(settings, path, b"")
