"""A dockerd of our own: its start, its end, and what a killed run left."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.support.docker import daemon
from tests.support.docker.commands import CommandError, DockerUnavailableError
from tests.support.docker.network import Network
from tests.support.programs import Programs


@pytest.fixture
def no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave this machine's network alone."""
    monkeypatch.setattr(daemon, "lay_network", lambda _folder: Network("cl-1", "10.201.0.0/16", "0"))
    monkeypatch.setattr(daemon, "mtu", lambda: 1500)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder whose path is short enough for sockets, whoever runs the tests."""
    with TemporaryDirectory() as name:
        yield Path(name, "docker")


@pytest.mark.usefixtures("no_network")
def test_daemon_gets_time_to_stop_and_leaves_nothing(programs: Programs, tmp_path: Path, folder: Path) -> None:
    stopped = tmp_path / "stopped"
    programs.write(
        "dockerd", f"trap 'touch {stopped}; exit' TERM", f"touch {folder}/up", "while :; do sleep 0.05; done"
    )
    programs.write("docker", f'[ -e {folder}/up ] && [ "$DOCKER_HOST" = unix://{folder}/docker.sock ]')
    with daemon.private_daemon(folder) as address:
        assert address == f"unix://{folder}/docker.sock"
        assert not stopped.exists()
    assert stopped.exists()
    assert not folder.exists()


@pytest.mark.usefixtures("no_network")
def test_daemon_that_ends_at_once_tells_why(programs: Programs, folder: Path) -> None:
    programs.write("dockerd", "echo 'no cgroups here'", "exit 3")
    programs.write("docker", "exit 1")
    with (
        pytest.raises(CommandError, match="dockerd: ended with exit code 3\nno cgroups here"),
        daemon.private_daemon(folder),
    ):
        pytest.fail("it is up")
    assert not folder.exists()


def test_path_too_long_for_a_socket_is_told(tmp_path: Path) -> None:
    with (
        pytest.raises(DockerUnavailableError, match="COINLAKE_TEST_HOME"),
        daemon.private_daemon(tmp_path / ("x" * 99)),
    ):
        pytest.fail("it is up")


@pytest.fixture
def sleeper(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process that calls itself dockerd and names a file of tmp_path/docker."""
    sleep = "['/usr/sbin/dockerd', '-c', 'import time; time.sleep(60)', *sys.argv[1:]]"
    code = f"import os, sys; os.execv(sys.executable, {sleep})"
    process = subprocess.Popen([sys.executable, "-c", code, "--config-file", f"{tmp_path}/docker/daemon.json"])
    while not Path(f"/proc/{process.pid}/cmdline").read_bytes().startswith(b"/usr/sbin/dockerd"):
        assert process.poll() is None
        time.sleep(0.01)
    yield process
    process.kill()
    process.wait()


def test_daemon_of_a_killed_run_is_ended(tmp_path: Path, sleeper: subprocess.Popen[bytes]) -> None:
    (tmp_path / "docker").mkdir()
    daemon.remove_all(tmp_path / "docker")
    assert sleeper.poll() is not None
    assert not (tmp_path / "docker").exists()


def test_daemon_of_another_folder_is_left_alone(tmp_path: Path, sleeper: subprocess.Popen[bytes]) -> None:
    for name in ("dock", "docker2"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "pid").write_text(str(sleeper.pid))  # a number that was ours may be anyone's by now
        daemon.remove_all(tmp_path / name)
    assert sleeper.poll() is None
