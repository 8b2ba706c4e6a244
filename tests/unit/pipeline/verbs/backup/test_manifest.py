"""A manifest says what a backup holds; what cannot be read is refused, and an older format is read."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from pipeline.verbs.backup import manifest as manifest_module
from pipeline.verbs.backup.errors import BackupError
from pipeline.verbs.backup.manifest import Checked, Manifest, TableBackup, is_manifest, name_at, read_manifest

TABLE = TableBackup("iceberg.silver.coin_prices", "hdfs://h/t", 7, 3, "c3Vt", "files/m.json", ("files/a.parquet",))
EMPTY = TableBackup("iceberg.gold.forecasts", "hdfs://h/f", None, 0, None, "files/n.json", ())
FILES = {"files/a.parquet": Checked(10, "aa"), "files/m.json": Checked(5, "bb"), "home/cc": Checked(1, "cc")}
MANIFEST = Manifest("2026-01-31T12:00:00+00:00", (TABLE, EMPTY), {"data/scheduler/ledger.db": "home/cc"}, FILES)

# As format 1 was first written. It stays readable: do not bring this text up to date with the code.
FORMAT_1 = (
    '{"format":1,"made_at":"2026-01-31T12:00:00+00:00","tables":[{"name":"iceberg.silver.coin_prices",'
    '"location":"hdfs://h/t","snapshot":7,"rows":3,"checksum":"c3Vt","metadata":"files/m.json",'
    '"data":["files/a.parquet"]},{"name":"iceberg.gold.forecasts","location":"hdfs://h/f","snapshot":null,"rows":0,'
    '"checksum":null,"metadata":"files/n.json","data":[]}],"home":{"data/scheduler/ledger.db":"home/cc"},'
    '"files":{"files/a.parquet":[10,"aa"],"files/m.json":[5,"bb"],"home/cc":[1,"cc"]}}'
)


def test_what_is_written_is_read() -> None:
    assert read_manifest("backup-x.json", MANIFEST.to_json()) == MANIFEST
    assert (MANIFEST.rows, MANIFEST.size) == (3, 16)


def test_a_manifest_of_format_1_is_read() -> None:
    assert read_manifest("backup-x.json", FORMAT_1) == MANIFEST


def test_a_newer_format_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manifest_module, "FORMAT", 2)
    newer = MANIFEST.to_json()
    monkeypatch.undo()
    with pytest.raises(BackupError, match="has format 2, this Coinlake reads up to 1: restore it with a newer one"):
        read_manifest("backup-x.json", newer)


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", "null", '{"format": 1}', MANIFEST.to_json()[:-9], json.dumps({"format": "1", "tables": []})],
)
def test_what_is_no_manifest_is_refused(text: str) -> None:
    with pytest.raises(BackupError, match=r"^backup-x.json "):
        read_manifest("backup-x.json", text)


def test_names_are_in_the_order_of_their_times() -> None:
    early, late = (name_at(datetime(2026, 1, day, tzinfo=UTC)) for day in (9, 31))
    assert early == "backup-20260109T000000Z.json" < late
    assert is_manifest(early)
    assert not is_manifest("unfinished.json")
