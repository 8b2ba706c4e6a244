"""The troubles of a machine and of a home, each planted."""

from __future__ import annotations

import hashlib
import http.server
import json
import os
import shutil
import socket
import subprocess
import time
from collections import namedtuple
from pathlib import Path

import pytest

from pipeline.host import machine, processes
from pipeline.run_files import Beat
from pipeline.settings import CHECKOUT, Settings, load_settings
from pipeline.verbs.doctor import machine_checks
from pipeline.verbs.doctor.checks import State
from tests.support.runner import free_port_base
from tests.support.served import served

Usage = namedtuple("Usage", "total used free")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    base = str(free_port_base())
    return load_settings({"COINLAKE_HOME": str(tmp_path), "COINLAKE_PORT_BASE": base})


def ended_pid() -> int:
    """Return the id of a process that is gone."""
    process = subprocess.Popen(["true"])
    process.wait()
    return process.pid


@pytest.mark.parametrize(("free_gb", "state"), [(0.5, State.FAIL), (2, State.WARN), (50, State.PASS)])
def test_a_full_disk(settings: Settings, monkeypatch: pytest.MonkeyPatch, free_gb: float, state: State) -> None:
    (settings.home / "jars" / "presto").mkdir(parents=True)  # a lake that has what it is made of
    usage = Usage(0, 0, int(free_gb * machine.GIB))
    monkeypatch.setattr(shutil, "disk_usage", lambda _place: usage)
    finding = machine_checks.disk(settings)
    assert finding.state is state
    assert ("make room" in finding.words) == (state is not State.PASS)


def test_little_memory_beside_a_running_lake(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "supervisord_pid", lambda _home: 7)
    monkeypatch.setattr(machine, "available_memory", lambda: machine.GIB // 10)
    assert machine_checks.memory(settings).state is State.WARN
    monkeypatch.setattr(processes, "supervisord_pid", lambda _home: None)
    assert machine_checks.memory(settings).state is State.FAIL  # it could not even start


def test_a_taken_port(settings: Settings) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", settings.port("presto")))
        taken.listen()
        finding = machine_checks.lake_ports(settings)
    assert finding.state is State.FAIL
    assert f"port {settings.port('presto')} (presto) is taken by pid {os.getpid()}" in finding.words
    assert machine_checks.lake_ports(settings).state is not State.FAIL


def test_packages_of_another_checkout(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COINLAKE_PYTHON", "python3")
    assert machine_checks.packages(settings).state is State.SKIP
    monkeypatch.delenv("COINLAKE_PYTHON")
    assert machine_checks.packages(settings).state is State.FAIL
    stamp = settings.home / "venv" / ".requirements.lock.installed"
    stamp.parent.mkdir()
    locks = ("pipeline/engines/bootstrap.lock", "requirements.lock")
    wanted = hashlib.sha256(b"".join((CHECKOUT / lock).read_bytes() for lock in locks)).hexdigest()
    stamp.write_text(f"{wanted}  -\n", encoding="ascii")
    assert machine_checks.packages(settings).state is State.PASS
    stamp.write_text(f"{'0' * 64}  -\n", encoding="ascii")
    assert machine_checks.packages(settings).state is State.FAIL


def test_jars_of_another_checkout(settings: Settings) -> None:
    assert machine_checks.jars(settings).state is State.FAIL


def test_a_stopped_lake_and_left_processes(settings: Settings) -> None:
    assert "the lake is stopped" in machine_checks.supervisor(settings).words
    told = {
        "SUPERVISOR_SERVER_URL": f"unix://{settings.home / 'run' / 'supervisor.sock'}",
        "SUPERVISOR_PROCESS_NAME": "kafka",
    }
    with subprocess.Popen(["sleep", "60"], env=os.environ | told) as left:
        finding = machine_checks.supervisor(settings)
        left.kill()
    assert finding.state is State.FAIL
    assert f"kafka ({left.pid})" in finding.words


def test_stale_process_ids(settings: Settings) -> None:
    assert machine_checks.stale_pids(settings).state is State.PASS
    settings.run_dir.mkdir()
    (settings.run_dir / "supervisord.pid").write_text(str(ended_pid()))
    (settings.run_dir / "trades.json").write_text(json.dumps({"pid": ended_pid(), "time": 1.0}))
    Beat(os.getpid(), time.time(), {}).write(settings.run_dir, "spark")
    finding = machine_checks.stale_pids(settings)
    assert finding.state is State.WARN
    assert [word for word in ("supervisord.pid", "trades.json", "spark.json") if word in finding.words] == [
        "supervisord.pid",
        "trades.json",
    ]


def test_a_service_that_ran_out_of_memory(settings: Settings) -> None:
    settings.log_dir.mkdir()
    log = settings.log_dir / "presto.log"
    log.write_text("started\n")
    assert machine_checks.out_of_memory(settings).state is State.PASS
    log.write_text("x" * 3_000_000 + "\njava.lang.OutOfMemoryError: Java heap space\n\tat com.facebook.A\n")
    finding = machine_checks.out_of_memory(settings)
    assert finding.state is State.WARN
    assert "presto ran out of memory: 'java.lang.OutOfMemoryError: Java heap space'" in finding.words


def test_a_clock_that_was_set_back(settings: Settings) -> None:
    Beat(os.getpid(), time.time() - 100, {}).write(settings.run_dir, "trades")
    assert machine_checks.clock(settings).state is State.PASS
    Beat(os.getpid(), time.time() + 100, {}).write(settings.run_dir, "trades")
    finding = machine_checks.clock(settings)
    assert finding.state is State.FAIL
    assert "trades reported 100 s in the future" in finding.words


class Late(http.server.BaseHTTPRequestHandler):
    """A server whose clock is an hour behind."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def date_time_string(self, timestamp: float | None = None) -> str:
        return super().date_time_string(int(timestamp or time.time() - 3600))

    def log_message(self, *_words: object) -> None:
        """Stay quiet."""


def test_a_server_with_another_clock(settings: Settings) -> None:
    server = http.server.HTTPServer(("127.0.0.1", settings.port("scheduler")), Late)
    with served(server):
        finding = machine_checks.clock(settings)
    assert finding.state is State.FAIL
    assert "-3600 s off" in finding.words or "-3601 s off" in finding.words or "-3599 s off" in finding.words


def test_folders_of_two_clusters(settings: Settings) -> None:
    assert machine_checks.cluster_id(settings).state is State.SKIP
    for name, found in (("namenode", "CID-1"), ("datanode", "CID-1")):
        version = settings.home / "data" / name / "current" / "VERSION"
        version.parent.mkdir(parents=True)
        version.write_text(f"#Mon\nnamespaceID=1\nclusterID={found}\n")
    assert machine_checks.cluster_id(settings).state is State.PASS
    version.write_text("clusterID=CID-2\n")
    finding = machine_checks.cluster_id(settings)
    assert finding.state is State.FAIL
    assert "belongs to CID-2, the NameNode's to CID-1" in finding.words
