"""Reading Kafka from its start: the checkpoint is moved aside, never from under a running job, never unasked."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from pipeline.errors import ServiceError
from pipeline.run_files import Beat
from pipeline.settings import Settings, load_settings
from pipeline.verbs import reread_kafka, stream_folder

NOW = datetime(2026, 1, 15, 12, 30, 5, tzinfo=UTC)
ASIDE = "/checkpoints/stream-20260115T123005"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "run").mkdir()
    return load_settings({"COINLAKE_HOME": str(tmp_path), "HDFS_HTTP_URL": "http://hdfs.example:9870"})


@pytest.fixture
def folders(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Stand for HDFS: the checkpoint folders that it holds."""
    found = {"/checkpoints/stream"}

    def call(method: str, url: str, *, params: Mapping[str, str]) -> httpx.Response:
        path = url.partition("/webhdfs/v1")[2]
        if path not in found:
            raise ServiceError(f"{url}: 404 FileNotFoundException")
        if (method, params["op"]) == ("GET", "LISTSTATUS"):
            return httpx.Response(200, json={"FileStatuses": {"FileStatus": [{"pathSuffix": "bronze"}]}})
        assert (method, params["op"]) == ("PUT", "RENAME")
        found.remove(path)
        found.add(params["destination"])
        return httpx.Response(200, json={"boolean": True})

    monkeypatch.setattr(stream_folder, "call", call)
    return found


def test_the_checkpoint_is_moved_aside(
    settings: Settings, folders: set[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert reread_kafka.run(settings, NOW, unasked=True) == 0
    assert folders == {ASIDE}
    printed = capsys.readouterr().out
    assert ASIDE in printed
    assert "pipeline_setup.sh" in printed


def test_a_running_job_keeps_its_checkpoint(settings: Settings, folders: set[str]) -> None:
    Beat.now({}).write(settings.run_dir, "spark")
    with pytest.raises(ServiceError, match="the Spark job runs"):
        reread_kafka.run(settings, NOW, unasked=True)
    assert folders == {"/checkpoints/stream"}


def test_without_a_terminal_nothing_is_moved_unasked(
    settings: Settings, folders: set[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert reread_kafka.run(settings, NOW, unasked=False) == 1
    assert folders == {"/checkpoints/stream"}
    assert "add --yes" in capsys.readouterr().err


def test_without_a_checkpoint_it_says_so(settings: Settings, folders: set[str]) -> None:
    folders.clear()
    with pytest.raises(ServiceError, match="404"):
        reread_kafka.run(settings, NOW, unasked=True)
