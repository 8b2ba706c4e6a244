"""A scheduler for the tests of the service itself and of the script that gives it orders."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from pipeline.ingest.scheduler import app as app_module
from pipeline.ingest.scheduler.http_server import HttpServer
from pipeline.ingest.simulator.app import create_simulator
from pipeline.settings import load_settings
from tests.support.runner import free_port_base
from tests.support.scheduler import Running, StandInAdmin, StandInProducer


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    """The settings of a scheduler that uses the simulator."""
    return {
        "COINLAKE_HOME": str(tmp_path),
        "COINLAKE_API_TOKEN": "test-token",
        "COINLAKE_PORT_BASE": str(free_port_base()),
        "COINLAKE_MARKET": "simulator",
        "COINS": "bitcoin,ethereum",
    }


@pytest.fixture
def simulator(environ: dict[str, str]) -> Iterator[str]:
    """Serve the simulator; yield its address."""
    settings = load_settings(environ)
    server = HttpServer(create_simulator(seed=1), "127.0.0.1", settings.port("simulator"), threads=2)
    server.start()
    yield settings.url("simulator")
    server.stop(5)


@pytest.fixture
def start(environ: dict[str, str], simulator: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Running]]:
    """Start a scheduler on the simulator, with the given settings changed; it ends with the test."""
    monkeypatch.setattr(app_module, "EventProducer", StandInProducer)
    monkeypatch.setattr(app_module, "KafkaAdmin", StandInAdmin)
    monkeypatch.setattr("tempfile.tempdir", None)  # the scheduler sets its own, for the whole process
    started: list[Running] = []

    def begin(**values: str) -> Running:
        started.append(Running(environ | values))
        return started[-1]

    yield begin
    for running in started:
        if running.thread.is_alive():
            running.stop()
