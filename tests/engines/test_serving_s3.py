"""The serving tier's own S3 server: it keeps what was put, lets only the keys in, and cleans up what a kill left."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest
from pyarrow.fs import FileSelector, FileType, S3FileSystem

from pipeline.engines.jars.fetch import SERVING_SET, fetch_set
from pipeline.errors import ServiceError
from pipeline.health import serving_probes
from pipeline.serving import bucket_setup
from pipeline.serving.clients import open_bucket
from pipeline.settings.values import Secret
from pipeline.verbs.backup.stores import open_store
from tests.support.serving import SECRETS, ServingServer, serving_server

NAME = "serving-s3"
OBJECT = "coinlake/gold_aggregates/date=2021-01-01/part.parquet"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServingServer]:
    server = ServingServer(NAME, tmp_path_factory.mktemp("s3") / "my lake")
    fetch_set(SERVING_SET, server.settings.jar_dir)
    with serving_server(server) as running:
        yield running


@pytest.fixture
def store(server: ServingServer) -> S3FileSystem:
    return open_bucket(server.settings.serving.bucket)


def put(store: S3FileSystem, path: str, content: bytes) -> None:
    with store.open_output_stream(path) as file:
        file.write(content)


def get(store: S3FileSystem, path: str) -> bytes:
    with store.open_input_stream(path) as file:
        return bytes(file.read())


def listed(store: S3FileSystem, folder: str) -> list[str]:
    found = store.get_file_info(FileSelector(folder, recursive=True))
    return sorted(one.base_name for one in found if one.type is FileType.File)


def test_the_bucket_is_made_once(server: ServingServer) -> None:
    assert bucket_setup.ensure(server.settings) == []


def test_an_object_is_replaced_as_a_whole(store: S3FileSystem) -> None:
    put(store, OBJECT, b"old and longer")
    put(store, OBJECT, b"new")
    assert get(store, OBJECT) == b"new"
    assert listed(store, "coinlake/gold_aggregates") == ["part.parquet"]


def test_an_object_of_many_parts_comes_back(store: S3FileSystem) -> None:
    content = bytes(range(256)) * (48 * 2**20 // 256)
    put(store, "coinlake/large", content)
    assert get(store, "coinlake/large") == content
    store.delete_file("coinlake/large")


def test_backups_are_kept_in_it(server: ServingServer) -> None:
    kept = open_store("s3://coinlake/backups/one", server.settings)
    assert kept.sizes() == {}
    large = [bytes(2**20)] * 12  # more than one part
    kept.write("files/silver/t/data/day=2026-01-31/a.parquet", large)
    kept.write("backup-1.json", [b"{", b"}"])
    kept.write("backup-1.json", [b"[]"])
    assert kept.sizes() == {"files/silver/t/data/day=2026-01-31/a.parquet": 12 * 2**20, "backup-1.json": 2}
    assert kept.sizes("files") == {"files/silver/t/data/day=2026-01-31/a.parquet": 12 * 2**20}
    assert b"".join(kept.read("files/silver/t/data/day=2026-01-31/a.parquet")) == b"".join(large)
    for path in kept.sizes():
        kept.delete(path)
    assert kept.sizes() == {}
    with pytest.raises(ServiceError, match="the bucket coinlake at"):
        list(kept.read("backup-1.json"))


@pytest.mark.parametrize("changes", [{"secret_key": Secret("wrong")}, {"access_key": Secret("nobody")}])
def test_a_wrong_key_is_refused(server: ServingServer, changes: dict[str, Secret]) -> None:
    serving = server.settings.serving
    wrong = replace(server.settings, serving=replace(serving, bucket=replace(serving.bucket, **changes)))
    with pytest.raises(ServiceError, match=r"the bucket coinlake at http://127\.0\.0\.1:\d+: .*(ACCESS_KEY|SIGNATURE)"):
        serving_probes.bucket(wrong)
    with pytest.raises(ServiceError, match="the bucket coinlake at"):
        bucket_setup.ensure(wrong)


def test_a_killed_server_keeps_what_was_put_and_cleans_up_half_an_upload(
    server: ServingServer, store: S3FileSystem
) -> None:
    put(store, OBJECT, b"kept")
    server.kill()
    bucket = server.settings.data_dir / NAME / "coinlake"
    (bucket / "gold_aggregates" / f"part.parquet-{uuid4()}").write_bytes(b"half")  # where it writes before a rename
    server.start()
    assert get(store, OBJECT) == b"kept"
    assert listed(store, "coinlake/gold_aggregates") == ["part.parquet"]


def test_no_process_shows_a_key(server: ServingServer) -> None:
    shown = b"\0".join(file.read_bytes() for file in Path("/proc").glob("[0-9]*/cmdline") if file.exists())
    assert [secret for secret in SECRETS.values() if secret.encode() in shown] == []
    log = server.log.read_text()
    assert [secret for secret in SECRETS.values() if secret in log] == []
