from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.errors import PreflightError
from pipeline.host import exposure, machine, ports, preflight, processes
from pipeline.host.options import HistoryFile, SetupOptions
from pipeline.services import PORT_OFFSETS
from pipeline.settings import CHECKOUT, Settings, load_settings

GIB = 1024**3


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server


def settings_with(home: Path, taken: int, service: str = "kafka") -> Settings:
    """Settings in which `service` has the port `taken`."""
    return load_settings({"COINLAKE_HOME": str(home), "COINLAKE_PORT_BASE": str(taken - PORT_OFFSETS[service])})


def faults_of(port: int, home: Path) -> list[str]:
    """The faults about one port; its neighbours belong to whoever runs beside the tests."""
    return [fault for fault in ports.port_faults(settings_with(home, port)) if fault.startswith(f"port {port} ")]


def test_a_taken_port_names_service_port_holder_and_remedy(tmp_path: Path, listener: socket.socket) -> None:
    port = listener.getsockname()[1]
    (fault,) = faults_of(port, tmp_path)
    assert fault.startswith(f"port {port} (kafka) is taken by pid {os.getpid()} (")
    assert f"COINLAKE_PORT_BASE (now {port - PORT_OFFSETS['kafka']})" in fault


def test_free_ports_are_no_fault(tmp_path: Path, listener: socket.socket) -> None:
    port = listener.getsockname()[1]
    listener.close()
    assert faults_of(port, tmp_path) == []


def test_a_port_held_by_our_own_service_is_no_fault(tmp_path: Path, listener: socket.socket) -> None:
    program = (
        "import socket; s = socket.create_server(('127.0.0.1', 0)); print(s.getsockname()[1], flush=True); input()"
    )
    environ = {
        "SUPERVISOR_SERVER_URL": f"unix://{tmp_path}/run/supervisor.sock",
        "SUPERVISOR_PROCESS_NAME": "kafka",
    }
    with subprocess.Popen(
        [sys.executable, "-c", program], env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as service:
        assert service.stdin is not None
        assert service.stdout is not None
        port = int(service.stdout.readline())
        ours = faults_of(port, tmp_path)
        another_home = faults_of(port, tmp_path / "other")
        assert processes.listening_pid(port) == service.pid
        assert processes.service_of(service.pid, tmp_path) == "kafka"
        service.communicate("\n")
    assert ours == []
    assert len(another_home) == 1


def warnings_of(kernel: Path, base: int, *, outgoing: str = "32768\t60999\n", reserved: str = "\n") -> list[str]:
    (kernel / "ip_local_port_range").write_text(outgoing)
    (kernel / "ip_local_reserved_ports").write_text(reserved)
    settings = load_settings({"COINLAKE_HOME": str(kernel), "COINLAKE_PORT_BASE": str(base)})
    return list(ports.port_warnings(settings, kernel))


def test_ports_that_outgoing_connections_may_take_are_warned_of(tmp_path: Path) -> None:
    (warning,) = warnings_of(tmp_path, 33000)
    highest = 33000 + max(PORT_OFFSETS.values())
    assert f"to {highest} are among those" in warning
    assert "(32768 to 60999)" in warning
    assert f"ip_local_reserved_ports={33000 + min(PORT_OFFSETS.values())}-{highest}" in warning
    limit = 32767 - max(PORT_OFFSETS.values())
    assert f"COINLAKE_PORT_BASE of at most {limit}," in warning
    assert warnings_of(tmp_path, limit) == []
    assert warnings_of(tmp_path, limit + 1) != []


def test_ports_outside_of_the_range_or_reserved_are_safe(tmp_path: Path) -> None:
    assert warnings_of(tmp_path, 18000) == []
    assert warnings_of(tmp_path, 61000) == []
    assert warnings_of(tmp_path, 33000, reserved="8080,33000-33099\n") == []
    assert warnings_of(tmp_path, 33000, reserved="33000-33054\n")[0].startswith("ports 33060 to ")


def test_where_the_kernel_does_not_tell_nothing_is_said(tmp_path: Path) -> None:
    settings = load_settings({"COINLAKE_HOME": str(tmp_path), "COINLAKE_PORT_BASE": "33000"})
    assert list(ports.port_warnings(settings, tmp_path)) == []


def test_a_service_that_others_would_reach_is_a_fault_until_the_user_vouches_for_them(tmp_path: Path) -> None:
    open_to_all = {"COINLAKE_HOME": str(tmp_path), "COINLAKE_LISTEN_HOST": "0.0.0.0"}
    with pytest.raises(PreflightError, match=r"COINLAKE_LISTEN_HOST=0.0.0.0 would open .*SSH tunnel"):
        preflight.check(load_settings(open_to_all), SetupOptions())
    for harmless in ({"COINLAKE_PRIVATE_NETWORK": "true"}, {"COINLAKE_LISTEN_HOST": "127.0.0.2"}):
        assert list(exposure.exposures(load_settings({**open_to_all, **harmless}))) == []


def test_a_warning_does_not_stop_the_set_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COINLAKE_HOME", str(tmp_path))
    monkeypatch.setattr(preflight, "check", lambda *_: None)
    monkeypatch.setattr(ports, "port_warnings", lambda _settings: iter(["ports 1 to 2 are risky"]))
    assert preflight.main([]) == 0
    assert capsys.readouterr().err == "warning: ports 1 to 2 are risky\n"


def test_a_home_with_a_special_character_or_too_long_a_path_is_a_fault(tmp_path: Path) -> None:
    assert "special character" in next(machine.home_faults(tmp_path / "my,lake"))
    assert list(machine.home_faults(Path("/tmp/my lake"))) == []
    assert "too long a path" in next(machine.home_faults(Path("/tmp") / ("x" * 90)))
    assert list(machine.home_faults(Path("/tmp/x"))) == []


@pytest.mark.parametrize("name", ["my%lake", 'my"lake', "my:lake", "my$lake"])
def test_a_checkout_with_a_special_character_is_a_fault_before_anything_is_made(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preflight, "CHECKOUT", tmp_path / name)
    settings = load_settings({"COINLAKE_HOME": str(tmp_path / "lake")})
    with pytest.raises(PreflightError, match=r"the checkout .* has a special character"):
        preflight.check(settings, SetupOptions())
    assert list(machine.checkout_faults(tmp_path / "my lake")) == []


def test_a_home_under_a_file_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert "is a file" in "".join(machine.home_faults(Path(f"{tmp_path}/file/home")))


def test_an_unwritable_home_is_a_fault(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("os.access", lambda _place, _mode: False)  # root may write anywhere
    assert f"make {tmp_path} writable" in "".join(machine.home_faults(tmp_path / "x" / "y"))


def test_memory_and_disk_are_measured_against_what_is_needed(tmp_path: Path) -> None:
    assert "2.0 GB of memory are free, 5.5 GB" in next(machine.memory_faults(small=False, available=2 * GIB))
    assert "--small" in next(machine.memory_faults(small=False, available=4 * GIB))
    assert list(machine.memory_faults(small=True, available=4 * GIB)) == []
    assert "1.5 GB of disk are free" in next(machine.disk_faults(tmp_path / "new", free=3 * GIB // 2))
    (tmp_path / "jars" / "presto").mkdir(parents=True)
    assert list(machine.disk_faults(tmp_path, free=3 * GIB // 2)) == []


def test_the_serving_tier_needs_more_memory_and_disk(tmp_path: Path) -> None:
    settings = load_settings({"COINLAKE_HOME": str(tmp_path)})
    assert preflight.serving_needs(settings, SetupOptions()) == (0, 0)
    memory, disk = preflight.serving_needs(settings, SetupOptions(serving=True, superset=False))
    more_memory, more_disk = preflight.serving_needs(settings, SetupOptions(serving=True))
    assert memory < more_memory <= GIB / 2
    assert more_disk - disk >= 0.83e9
    assert "5.65 GB are needed: " in next(machine.memory_faults(small=False, extra=memory, available=5 * GIB))
    assert "2.1 GB are needed" in next(machine.disk_faults(_used(tmp_path), free=2 * GIB, extra=more_disk))
    (tmp_path / "data" / "serving-postgres").mkdir(parents=True)
    assert preflight.serving_needs(settings, SetupOptions(serving=True, superset=False)) == (memory, 0)


def _used(home: Path) -> Path:
    (home / "jars" / "presto").mkdir(parents=True)
    return home


def test_the_available_memory_is_a_plausible_figure() -> None:
    assert 10_000_000 < (machine.available_memory() or 0) < 10**14


def test_missing_tools_and_an_old_python_are_each_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    faults = list(machine.tool_faults(python=(3, 9)))
    assert [fault.split()[0] for fault in faults] == ["Python", "bash", "curl", "flock", "Java"]
    assert all("install" in fault for fault in faults)


def test_a_missing_java_is_no_fault_where_the_bootstrap_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "java_command", lambda: None)
    monkeypatch.setattr(machine, "may_install_packages", lambda: True)
    assert list(machine.tool_faults()) == []
    monkeypatch.setattr(machine, "may_install_packages", lambda: False)
    assert [fault.partition(":")[0] for fault in machine.tool_faults()] == ["Java is missing"]


@pytest.mark.parametrize(
    ("says", "fault"),
    [
        ('openjdk version "17.0.15" 2025-04-15', ""),
        ('openjdk version "21.0.1"', "is Java 21"),
        ('java version "1.8.0_392"', "is Java 8"),
        ("nonsense", "does not report its version"),
    ],
)
def test_java_of_another_version_is_a_fault(
    says: str, fault: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    java = tmp_path / "bin" / "java"
    java.parent.mkdir()
    java.write_text(f"#!/bin/sh\necho '{says}' >&2\n")
    java.chmod(0o755)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path))
    assert fault in "".join(machine.tool_faults())
    assert bool(fault) == bool(list(machine.tool_faults()))


def test_all_faults_come_at_once_and_nothing_is_made(
    tmp_path: Path,
    listener: socket.socket,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    home = tmp_path / "my%lake"
    monkeypatch.setenv("COINLAKE_HOME", str(home))
    monkeypatch.setenv("COINLAKE_PORT_BASE", str(listener.getsockname()[1] - PORT_OFFSETS["presto"]))
    monkeypatch.setattr(machine, "available_memory", lambda: GIB)
    assert preflight.main([]) == 1
    said = capsys.readouterr().err
    assert "special character" in said
    assert "(presto) is taken" in said
    assert "1.0 GB of memory are free" in said
    assert not home.exists()


def test_a_history_of_a_coin_that_is_not_configured_is_a_fault(tmp_path: Path) -> None:
    settings = load_settings({"COINLAKE_HOME": str(tmp_path), "COINS": "bitcoin"})
    with pytest.raises(PreflightError, match="about ethereum, which is not in COINS=bitcoin"):
        preflight.check(settings, SetupOptions(history=HistoryFile(tmp_path / "eth.csv", "ethereum")))


def test_a_bad_setting_is_a_fault(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("COINLAKE_PORT_BASE", "seven")
    assert preflight.main([]) == 1
    assert "COINLAKE_PORT_BASE='seven'" in capsys.readouterr().err


def test_it_runs_on_the_standard_library_alone(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-S", "-c", "import pipeline.host.preflight, pipeline.host.options"],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""


def test_supervisord_is_known_by_its_command_line_not_by_the_pid_file(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    assert processes.supervisord_pid(tmp_path) is None
    (tmp_path / "run" / "supervisord.pid").write_text(str(os.getpid()))
    assert processes.supervisord_pid(tmp_path) is None


def test_a_zombie_and_a_missing_process_are_not_alive() -> None:
    child = subprocess.Popen(["true"])
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert not processes.is_alive(child.pid)
    child.wait()
    assert not processes.is_alive(child.pid)
    assert processes.is_alive(os.getpid())
