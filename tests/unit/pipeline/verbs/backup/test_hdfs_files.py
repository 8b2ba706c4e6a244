"""Files of HDFS read and written whole, by a server that redirects as HDFS does."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.errors import ServiceError
from pipeline.settings import load_settings
from pipeline.verbs.backup.hdfs_files import CHUNK, HdfsFiles
from tests.support.fake_webhdfs import FakeWebHdfs

ROOT = "hdfs://h:18020"


@pytest.fixture
def server() -> Iterator[FakeWebHdfs]:
    made = FakeWebHdfs()
    thread = threading.Thread(target=made.serve_forever, daemon=True)
    thread.start()
    yield made
    made.shutdown()
    made.server_close()


@pytest.fixture
def hdfs(server: FakeWebHdfs, tmp_path: Path) -> Iterator[HdfsFiles]:
    made = HdfsFiles(load_settings({"COINLAKE_HOME": str(tmp_path), "HDFS_HTTP_URL": server.url}))
    yield made
    made.close()


def test_files_are_written_listed_read_and_deleted(server: FakeWebHdfs, hdfs: HdfsFiles) -> None:
    path = f"{ROOT}/warehouse/t/data/at=2026-01-31 12%3A00/a b.parquet"
    content = [bytes(CHUNK), b"end"]
    hdfs.write(path, CHUNK + 3, iter(content))
    hdfs.write(f"{ROOT}/warehouse/t/x", 1, [b"x"])
    assert "/warehouse/t/data/at=2026-01-31 12%3A00/a b.parquet" in server.files
    assert hdfs.sizes(f"{ROOT}/warehouse/t") == {path: CHUNK + 3, f"{ROOT}/warehouse/t/x": 1}
    assert b"".join(hdfs.read(path)) == b"".join(content)
    hdfs.delete(path)
    assert hdfs.sizes(f"{ROOT}/warehouse/t") == {f"{ROOT}/warehouse/t/x": 1}


def test_a_folder_that_is_not_there_holds_nothing(hdfs: HdfsFiles) -> None:
    assert hdfs.sizes(f"{ROOT}/nowhere") == {}


def test_a_file_that_is_gone_is_named(hdfs: HdfsFiles) -> None:
    with pytest.raises(ServiceError, match=r"hdfs://h:18020/gone: HDFS answers 404"):
        list(hdfs.read(f"{ROOT}/gone"))


def test_hdfs_that_is_away_is_named(tmp_path: Path) -> None:
    hdfs = HdfsFiles(load_settings({"COINLAKE_HOME": str(tmp_path), "HDFS_HTTP_URL": "http://127.0.0.1:1"}))
    with pytest.raises(ServiceError, match=r"hdfs://h:18020/x: .*refused"):
        hdfs.sizes(f"{ROOT}/x")
    hdfs.close()
