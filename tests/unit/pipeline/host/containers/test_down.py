"""Taking the containers down, with a stand-in for the Docker client."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pytest

from pipeline.errors import ServiceError
from pipeline.host.containers import down
from pipeline.host.containers.compose import Compose, write_values
from pipeline.settings import Settings

if TYPE_CHECKING:
    from tests.unit.pipeline.host.containers.conftest import FakeDocker


@pytest.fixture
def compose(ours: Settings, docker: FakeDocker, monkeypatch: pytest.MonkeyPatch) -> Compose:
    """A project whose containers are gone already."""
    monkeypatch.setenv("COINLAKE_HOME", str(ours.home))
    write_values(ours.home / "docker.env", {"COMPOSE_PROJECT_NAME": "coinlake-0"})
    return Compose(ours.home)


def test_the_volumes_stay(compose: Compose, docker: FakeDocker, capsys: pytest.CaptureFixture[str]) -> None:
    assert down.main([]) == 0
    assert "nothing was running" in capsys.readouterr().out
    (asked,) = [line for line in docker.asked if " down " in line]
    every = "--profile single --profile cluster --profile serving --profile superset"
    assert asked.endswith(f"{every} down --remove-orphans")
    assert compose.env_file.exists()


def test_purge_takes_the_volumes_too(compose: Compose, docker: FakeDocker) -> None:
    assert down.main(["--purge", "--yes"]) == 0
    assert any(line.endswith("down --remove-orphans --volumes") for line in docker.asked)
    assert not compose.env_file.exists()


def test_purge_shows_what_it_would_delete_and_asks(
    compose: Compose, docker: FakeDocker, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    docker.answer("volume ls", ["coinlake-0_hdfs", "coinlake-0_kafka"])
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    assert down.main(["--purge"]) == 1
    said = capsys.readouterr()
    assert "coinlake-0_hdfs" in said.out
    assert "add --yes" in said.err
    assert not any(" down " in line for line in docker.asked)
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda _question: "y")
    assert down.main(["--purge"]) == 0
    assert not compose.env_file.exists()


def test_a_container_that_stays_is_a_fault(compose: Compose, docker: FakeDocker) -> None:
    left = {"Service": "kafka", "ID": "0123456789ab", "State": "running", "Health": "healthy", "ExitCode": 0}
    docker.answer("ps --all", left)
    with pytest.raises(ServiceError, match="still there"):
        down.stop(compose, purge=False)
