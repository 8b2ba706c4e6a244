"""The service as the supervisor runs it: it comes up without any engine, and ends when it is told to."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from pipeline.host.ports import is_free
from pipeline.settings import CHECKOUT

START_S = 120.0  # on a busy machine


@pytest.fixture
def port() -> int:
    """A free port as the base; only the page listens, on the base itself."""
    return next(port for port in range(26_000, 27_900, 100) if is_free("127.0.0.1", port))


@contextmanager
def start(home: Path, port: int) -> Iterator[subprocess.Popen[str]]:
    """Run the service during the block."""
    environ = os.environ | {"COINLAKE_HOME": str(home), "COINLAKE_PORT_BASE": str(port), "PYTHONPATH": str(CHECKOUT)}
    command = [sys.executable, "-m", "monitor.page"]
    with subprocess.Popen(command, cwd=CHECKOUT, env=environ, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def test_it_serves_until_it_is_told_to_end(tmp_path: Path, port: int) -> None:
    with start(tmp_path, port) as process, httpx.Client(trust_env=False, timeout=START_S) as client:
        end = time.monotonic() + START_S
        while True:
            try:
                assert client.get(f"http://127.0.0.1:{port}/health").json() == {"status": "ok", "viewers": 0}
                break
            except httpx.ConnectError:
                assert time.monotonic() < end
                time.sleep(0.1)
        with client.stream("GET", f"http://127.0.0.1:{port}/events") as answer:
            assert any(line.startswith("data: ") for line in answer.iter_lines())
            process.send_signal(signal.SIGTERM)
            said = process.communicate(timeout=START_S)[1]
    assert process.returncode == 0
    assert "Traceback" not in said


def test_a_port_that_is_taken_is_one_line(tmp_path: Path, port: int) -> None:
    with socket.create_server(("127.0.0.1", port)), start(tmp_path, port) as process:
        said = process.communicate(timeout=START_S)[1]
    assert process.returncode == 1
    assert f"cannot listen on 127.0.0.1:{port}: Address already in use" in said
    assert "Traceback" not in said
