"""The runner: which suites, whose settings, whose ports."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pipeline.services import PORT_OFFSETS
from pipeline.settings import CHECKOUT
from tests.support import runner


def test_all_suites_run_in_our_order_by_default() -> None:
    assert runner.parse([]) == runner.SUITES
    assert runner.parse(["spark", "static"]) == ("static", "spark")


def test_unknown_suite_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        runner.parse(["unit", "units"])
    assert caught.value.code == 2
    assert "unknown suite 'units'" in capsys.readouterr().err


def test_every_suite_is_a_folder_of_tests() -> None:
    assert [suite for suite in runner.SUITES if not any((CHECKOUT / "tests" / suite).rglob("test_*.py"))] == []


def test_users_own_lake_does_not_reach_the_tests(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("COINLAKE_API_TOKEN", "COINS", "KAFKA_BOOTSTRAP_SERVERS", "PYTEST_ADDOPTS", "SPARK_MASTER"):
        monkeypatch.setenv(name, "the user's")
    monkeypatch.setenv("COINLAKE_HOME", str(Path.home()))
    environment = runner.test_environment(tmp_path)
    assert [name for name, value in environment.items() if value == "the user's"] == []
    assert environment["COINLAKE_HOME"] == str(tmp_path / "lake")
    assert environment["PATH"] == os.environ["PATH"]


def test_only_a_named_suite_may_install_docker(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("COINLAKE_TEST_DOCKER", "1")
    assert "COINLAKE_TEST_DOCKER" not in runner.test_environment(tmp_path)
    assert runner.permissions(["static", "containers"]) == {"COINLAKE_TEST_DOCKER": "1"}
    assert runner.permissions([]) == runner.permissions(["static"]) == {}


def test_busy_port_moves_the_whole_block() -> None:
    base = runner.free_port_base()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", base + PORT_OFFSETS["presto"]))
        taken.listen()
        assert runner.free_port_base() > base


def test_second_run_in_the_same_home_is_refused(tmp_path: Path) -> None:
    first, second = runner.only_run_in(tmp_path), runner.only_run_in(tmp_path)
    with first, pytest.raises(SystemExit, match="another run uses"), second:
        pytest.fail("two runs share one home")
    with runner.only_run_in(tmp_path):
        pass  # the first one let go


def test_stopped_run_lets_its_suite_clean_up(tmp_path: Path) -> None:
    """A suite that hangs is interrupted, its fixture's clean-up runs, and nothing is left."""
    suite = tmp_path / "tests" / "unit"
    suite.mkdir(parents=True)
    (suite / "test_hang.py").write_text(
        "import pathlib, time, pytest\n"
        "@pytest.fixture\n"
        "def engine():\n"
        "    pathlib.Path('up').touch()\n"
        "    yield\n"
        "    pathlib.Path('down').touch()\n"
        "def test_hang(engine): time.sleep(60)\n"
    )
    code = f"import pathlib, sys; from tests.support import runner; runner.CHECKOUT = pathlib.Path({str(tmp_path)!r}); "
    environment = os.environ | {"COINLAKE_TEST_HOME": str(tmp_path / "home")}
    process = subprocess.Popen([sys.executable, "-c", code + "sys.exit(runner.main(['unit']))"], env=environment)
    while not (tmp_path / "up").exists() and process.poll() is None:
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    assert process.wait(30) == 130
    assert (tmp_path / "down").exists()
