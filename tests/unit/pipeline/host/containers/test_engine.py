"""Whether a Docker engine can run the lake, asked of a stand-in for its client."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pipeline.host import machine
from pipeline.host.containers import engine
from pipeline.settings import Settings, load_settings

if TYPE_CHECKING:
    from tests.unit.pipeline.host.containers.conftest import FakeDocker


def test_an_engine_with_compose_will_do(docker: FakeDocker) -> None:
    docker.answer("info", {"ServerVersion": "20.10.24"})
    docker.answer("compose version", "2.26.1-4")
    assert engine.engine_fault() is None


def test_without_the_client_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "docker is not installed" in str(engine.engine_fault())


@pytest.mark.parametrize(
    ("info", "code", "version", "fault"),
    [
        ({"ServerErrors": ["Cannot connect to the Docker daemon"]}, 1, "2.26.1", "Cannot connect"),
        ("error during connect", 1, "2.26.1", "no Docker engine answers"),
        ({"ServerVersion": "28.2.2"}, 0, "", "no Compose v2"),
        ({"ServerVersion": "28.2.2"}, 0, "2.19.9", "2.20 or newer"),
    ],
)
def test_what_is_missing_is_named(docker: FakeDocker, info: object, code: int, version: str, fault: str) -> None:
    docker.answer("info", info, exit_code=code)
    docker.answer("compose version", version)
    assert fault in str(engine.engine_fault())


def test_a_first_start_wants_memory_and_free_ports(ours: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "available_memory", lambda: 12 * machine.GIB)
    assert list(engine.room_faults(ours, ["single"])) == []
    assert [fault for fault in engine.room_faults(ours, ["cluster"]) if "the containers need 13 GB" in fault]
    with socket.create_server(("127.0.0.1", ours.port("presto"))):
        (fault,) = engine.room_faults(ours, ["single"])
    assert fault.startswith(f"port {ours.port('presto')} (presto")


def test_ports_count_from_a_full_hundred(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "available_memory", lambda: None)
    odd = load_settings({"COINLAKE_HOME": str(tmp_path), "COINLAKE_PORT_BASE": "21050"})
    assert [fault for fault in engine.room_faults(odd, ["single"]) if "a multiple of 100" in fault]
