"""A folder of backups: a file is there whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.settings import load_settings
from pipeline.verbs.backup.errors import BackupError
from pipeline.verbs.backup.stores import FolderStore, open_store


def test_files_are_written_listed_read_and_deleted(tmp_path: Path) -> None:
    store = open_store(str(tmp_path / "to"), load_settings({"COINLAKE_HOME": str(tmp_path)}))
    assert store.sizes() == {}
    store.write("files/a/one", [b"12", b"345"])
    store.write("home/two", [b"6"])
    assert store.sizes() == {"files/a/one": 5, "home/two": 1}
    assert store.sizes("files") == {"files/a/one": 5}
    assert b"".join(store.read("files/a/one")) == b"12345"
    store.delete("files/a/one")
    assert store.sizes() == {"home/two": 1}
    assert sorted(path.name for path in (tmp_path / "to").iterdir()) == ["home"]
    assert (store.room() or 0) > 0


def test_content_that_ends_early_leaves_no_file_and_keeps_the_old_one(tmp_path: Path) -> None:
    store = FolderStore(tmp_path)

    def cut() -> Iterator[bytes]:
        yield b"half"
        raise RuntimeError

    store.write("old", [b"old"])
    for name in ("new", "old"):
        with pytest.raises(RuntimeError):
            store.write(name, cut())
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("old", b"old")]


def test_a_file_that_a_killed_process_left_half_is_not_listed(tmp_path: Path) -> None:
    (tmp_path / "x.part").write_bytes(b"half")
    assert FolderStore(tmp_path).sizes() == {}


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(BackupError, match=r"file/sub/x cannot be written: Not a directory"):
        FolderStore(tmp_path / "file" / "sub").write("x", [b"1"])
    with pytest.raises(BackupError, match="No such file"):
        list(FolderStore(tmp_path).read("missing"))


def test_a_bucket_needs_a_name(tmp_path: Path) -> None:
    settings = load_settings({"COINLAKE_HOME": str(tmp_path)})
    with pytest.raises(BackupError, match="names no bucket"):
        open_store("s3://", settings)
    assert open_store("s3://backups/lake/", settings).place == "s3://backups/lake"
