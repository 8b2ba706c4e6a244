"""What the evaluator looks at beside Kafka: services, gaps and the disk."""

from __future__ import annotations

import json
import os
import shutil
import threading
import time
from collections import namedtuple
from pathlib import Path

import pytest

from monitor.notifier.alarms import machine_checks, service_checks
from monitor.notifier.alarms.look import Look
from monitor.notifier.alarms.service_checks import HDFS, Probes, ServiceChecks
from pipeline.engines.supervisor import ServiceState
from pipeline.errors import ServiceError
from pipeline.health import probes
from pipeline.services import BY_NAME
from pipeline.settings import Settings, load_settings
from tests.support.clock import FakeClock

DiskUsage = namedtuple("DiskUsage", "total used free")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    found = load_settings({"COINLAKE_HOME": str(tmp_path), "COINLAKE_ALARM_GAP_MINUTES": "10"})
    found.run_dir.mkdir()
    found.log_dir.mkdir()
    return found


class Daemon:
    """A supervisord that says what a test has it say."""

    def __init__(self) -> None:
        self.services: dict[str, ServiceState] = {}
        self.gone = False

    def set(self, name: str, state: str = "RUNNING", pid: int | None = 7, code: int | None = None) -> None:
        self.services[name] = ServiceState(name, state, pid, code)

    def states(self) -> dict[str, ServiceState]:
        if self.gone:
            raise ServiceError("no supervisord answers")
        return self.services


@pytest.fixture
def daemon(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Daemon:
    """The supervisor of a native lake, all of whose services do real work and whose ports answer."""
    found = Daemon()
    (settings.run_dir / "supervisor.sock").touch()
    monkeypatch.setattr(service_checks.supervisor, "client", lambda _settings: found)
    monkeypatch.setattr(service_checks, "answers", lambda _host, _port: True)
    monkeypatch.setattr(service_checks, "_ask", lambda _name, _settings: None)
    monkeypatch.setattr(service_checks, "HDFS", {})
    monkeypatch.setattr(probes, "check", lambda _name, _settings: None)
    return found


# --- Services ---


def test_services_that_run_and_answer_are_well(settings: Settings, daemon: Daemon) -> None:
    for name in ("kafka", "presto", "trades", "notifier"):
        daemon.set(name)
    checks = ServiceChecks(settings)
    assert [checks.look(), checks.look()] == [Look(), Look()]


def test_a_service_that_ended_or_refused_is_a_fault(settings: Settings, daemon: Daemon) -> None:
    daemon.set("presto", "BACKOFF", None)
    daemon.set("spark", "EXITED", None, 78)
    (settings.log_dir / "spark.log").write_text("Z ERROR p: refusing to run: Kafka deleted records.\n")
    assert ServiceChecks(settings).look().faults == {
        "service.presto": "presto does not run (supervisord: BACKOFF)",
        "service.spark": "spark refused to run: Kafka deleted records",
    }


def test_what_was_stopped_on_purpose_is_none_and_neither_are_we(settings: Settings, daemon: Daemon) -> None:
    daemon.set("presto", "STOPPED", None, 0)
    daemon.set("spark", "STOPPING", 8)
    daemon.set("notifier", "EXITED", None, 1)
    checks = ServiceChecks(settings)
    assert checks.look() == Look()
    assert checks.excused == {"presto", "spark"}


def test_one_restart_is_a_fault_at_one_look_and_a_service_that_ends_again_and_again_at_each(
    settings: Settings, daemon: Daemon
) -> None:
    checks = ServiceChecks(settings)
    looks = []
    for pid in (1, 2, 2, 3, 4, 5):
        daemon.set("trades", pid=pid)
        looks.append("service.trades" in checks.look().faults)
    assert looks == [False, True, False, True, True, True]


def test_a_port_that_does_not_answer_is_a_fault_once_the_service_has_had_time_to_start(
    settings: Settings, daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = FakeClock()
    daemon.set("presto")
    monkeypatch.setattr(service_checks, "answers", lambda _host, _port: False)
    checks = ServiceChecks(settings, clock.time)
    assert checks.look() == Look(unknown=frozenset({"service.presto"}))
    assert checks.excused == {"presto"}
    clock.sleep(BY_NAME["presto"].ready_s)
    assert checks.look().faults == {"service.presto": "presto does not answer on port 18080"}
    assert checks.excused == set()


def test_a_service_that_has_worked_has_no_more_time_to_start(
    settings: Settings, daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    daemon.set("presto")
    checks = ServiceChecks(settings, FakeClock().time)
    assert checks.look() == Look()
    monkeypatch.setattr(service_checks, "answers", lambda _host, _port: False)
    assert checks.look().faults.keys() == {"service.presto"}


def test_a_supervisor_that_is_gone_is_a_fault_and_its_services_unknown(settings: Settings, daemon: Daemon) -> None:
    daemon.gone = True
    look = ServiceChecks(settings).look()
    assert look.faults.keys() == {"services.supervisor"}
    assert {"service.presto", "service.trades"} <= look.unknown


def test_a_service_whose_heart_does_not_beat_is_a_fault(
    settings: Settings, daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    daemon.set("trades", pid=os.getpid())
    checks = ServiceChecks(settings)
    assert checks.look() == Look()
    monkeypatch.undo()  # the real question
    (settings.run_dir / "trades.json").write_text(json.dumps({"pid": os.getpid(), "time": time.time() - 31}))
    assert checks.look().faults == {"service.trades": "the last heartbeat of trades was 31 s ago"}


def test_a_service_that_listens_and_does_not_work_is_a_fault(
    settings: Settings, daemon: Daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = FakeClock()
    daemon.set("presto")
    checks = ServiceChecks(settings, clock.time)
    assert checks.look() == Look()
    monkeypatch.setattr(service_checks, "_ask", lambda name, _settings: f"{name}: no worker")
    clock.sleep(59)
    assert checks.look() == Look()
    clock.sleep(1)
    assert checks.look().faults == {"service.presto": "presto: no worker"}


def test_in_containers_the_engines_are_asked_at_their_addresses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    addresses = {"PRESTO_URL": "http://presto:18080", "KAFKA_BOOTSTRAP_SERVERS": "kafka:18092"}
    settings = load_settings({"COINLAKE_HOME": str(tmp_path), **addresses})
    settings.run_dir.mkdir()
    asked = []
    monkeypatch.setattr(service_checks, "_ask", lambda name, _settings: asked.append(name))
    monkeypatch.setattr(service_checks, "HDFS", {})
    beat = {"pid": 1, "time": time.time() - 60}
    (settings.run_dir / "trades.json").write_text(json.dumps(beat))
    assert ServiceChecks(settings).look().faults == {"service.trades": "the last heartbeat of trades was 60 s ago"}
    assert asked == ["presto"]


# --- Real operations ---


def test_what_is_well_is_asked_once_a_minute_and_what_is_not_at_each_look() -> None:
    clock, said, asked = FakeClock(), [None, "no", "no", None, None], []
    probes = Probes(clock.time)

    def ask() -> str | None:
        asked.append(clock.time())
        return said[len(asked) - 1]

    for _ in range(16):
        probes.look({"a": ask})
        clock.sleep(10)
    assert asked == [0, 60, 70, 80, 140]


def test_a_question_that_hangs_is_a_fault_and_not_asked_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service_checks, "ANSWER_S", 0.05)
    freed, asked = threading.Event(), []

    def hang() -> None:
        asked.append(1)
        freed.wait(30)

    probes = Probes(FakeClock().time)
    assert [probes.look({"a": hang, "b": lambda: None}).faults.keys() for _ in range(2)] == [{"a"}, {"a"}]
    assert len(asked) == 1
    freed.set()
    deadline = time.monotonic() + 10
    while probes.look({"a": hang}).faults and time.monotonic() < deadline:
        pass
    assert probes.look({"a": hang}) == Look()


def test_what_cannot_be_asked_is_unknown() -> None:
    def away() -> str:
        raise ServiceError("the NameNode does not answer")

    assert Probes(FakeClock().time).look({"hdfs.room": away}) == Look(unknown=frozenset({"hdfs.room"}))


def test_hdfs_is_looked_at_by_the_doctors_checks() -> None:
    assert HDFS.keys() == {"hdfs.safe-mode", "hdfs.room"}


# --- The machine ---


def test_a_short_disk_is_a_fault(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _place: DiskUsage(0, 0, 3 * 1024**3))
    assert machine_checks.look(settings).faults == {}
    monkeypatch.setattr(shutil, "disk_usage", lambda _place: DiskUsage(0, 0, 3 * 1024**3 - 1))
    assert machine_checks.look(settings).faults.keys() == {"machine.disk"}


@pytest.mark.parametrize(
    ("age_s", "figures", "fault", "unknown"),
    [
        (0, {"oldest_gap_s": 599, "missing_trades": 3}, False, False),
        (0, {"oldest_gap_s": 600, "missing_trades": 3}, True, False),
        (0, {}, False, False),  # a producer of an earlier version
        (60, {"oldest_gap_s": 600, "missing_trades": 3}, False, True),
    ],
)
def test_a_gap_that_stays_open_is_a_fault(
    settings: Settings, age_s: int, figures: dict[str, int], fault: bool, unknown: bool
) -> None:
    (settings.run_dir / "trades.json").write_text(json.dumps({"pid": 1, "time": time.time() - age_s, **figures}))
    look = machine_checks.look(settings)
    assert ("trades.gaps" in look.faults, "trades.gaps" in look.unknown) == (fault, unknown)
