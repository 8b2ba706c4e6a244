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
from tests.support import runner, turns
from tests.support.turns import machine_alone, wait_for_turn


def test_all_suites_run_in_our_order_by_default() -> None:
    assert runner.parse([]) == runner.Request(runner.SUITES, long=False, named=False)
    assert runner.parse(["spark", "static"]) == runner.Request(("static", "spark"), long=False, named=True)


def test_all_adds_the_long_tests() -> None:
    assert runner.parse(["all"]) == runner.Request(runner.SUITES, long=True, named=False)
    assert runner.parse(["all", "containers"]) == runner.Request(("containers",), long=True, named=True)


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
    assert runner.permissions(runner.parse(["static", "containers"])) == {"COINLAKE_TEST_DOCKER": "1"}
    assert [runner.permissions(runner.parse(words)) for words in ([], ["static"], ["all"])] == [{}, {}, {}]


def test_busy_port_moves_the_whole_block() -> None:
    base = runner.free_port_base()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", base + PORT_OFFSETS["presto"]))
        taken.listen()
        assert runner.free_port_base() > base


def test_reserved_ports_are_left_alone() -> None:
    base = runner.free_port_base()
    assert runner.free_port_base(reserved=base) > base


def test_second_run_in_the_same_home_is_refused(tmp_path: Path) -> None:
    first, second = runner.only_run_in(tmp_path), runner.only_run_in(tmp_path)
    with first, pytest.raises(SystemExit, match="another run uses"), second:
        pytest.fail("two runs share one home")
    with runner.only_run_in(tmp_path):
        pass  # the first one let go


def start_run(folder: Path, tests: dict[str, str], *words: str, room: str = "{}") -> subprocess.Popen[str]:
    """Start a run over suites of our own, given by the text of their only file; `room` is their need of memory."""
    for suite, text in tests.items():
        (folder / "tests" / suite).mkdir(parents=True, exist_ok=True)
        (folder / "tests" / suite / f"test_of_{suite}.py").write_text(text)
    (folder / "pytest.ini").write_text("[pytest]\nmarkers = long\naddopts = --strict-markers\n")
    code = (
        "import pathlib, sys; from tests.support import runner; "
        f"runner.CHECKOUT = pathlib.Path({str(folder)!r}); runner.PREPARATIONS = {{}}; runner.ROOM = {room}; "
        f"sys.exit(runner.main({list(words)!r}))"
    )
    environment = os.environ | {"COINLAKE_TEST_HOME": str(folder / "home")}
    return subprocess.Popen([sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE, text=True)


HANGS = """
import pathlib, time, pytest
@pytest.fixture
def engine():
    pathlib.Path('up-' + __name__).touch()
    yield
    pathlib.Path('down-' + __name__).touch()
def test_hang(engine): time.sleep(60)
"""
MEETS = """
import pathlib, time
def test_the_other_one_runs_meanwhile():
    pathlib.Path('here-{here}').touch()
    deadline = time.monotonic() + 30
    while not pathlib.Path('here-{there}').exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
"""
SLOW = """
import pathlib, time
def test_slow():
    time.sleep(2)
    pathlib.Path('done').touch()
"""
FOLLOWS = """
import pathlib
def test_the_other_one_has_ended(): assert pathlib.Path('done').exists()
"""
LONG = """
import os, pytest
def test_short(): pass
@pytest.mark.long
def test_long(): assert "COINLAKE_TEST_LONG" not in os.environ
"""


def test_stopped_run_lets_its_suites_clean_up(tmp_path: Path) -> None:
    """Suites that hang are interrupted, their fixtures' clean-up runs, and nothing is left."""
    with start_run(tmp_path, {"docs": HANGS, "containers": HANGS}, "docs", "containers") as process:
        while len(list(tmp_path.glob("up-*"))) < 2 and process.poll() is None:
            time.sleep(0.05)
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 130
    assert len(list(tmp_path.glob("down-*"))) == 2


@pytest.mark.parametrize(("first", "second"), [("unit", "spark"), ("engines", "spark"), ("unit", "containers")])
def test_some_suites_run_side_by_side(tmp_path: Path, first: str, second: str) -> None:
    meet = {here: MEETS.format(here=here, there=there) for here, there in ((first, second), (second, first))}
    with start_run(tmp_path, meet, first, second) as process:
        printed, _ = process.communicate(timeout=60)
    assert process.returncode == 0, printed
    words = [
        f"== {first}\n",
        f"== {first}: 1 ran, 0 failed, ",
        f"== {second}\n",
        f"== {second}: 1 ran, 0 failed, ",
        "2 passed, 0 failed",
    ]
    assert sorted(words, key=printed.index) == words


def test_files_of_spark_run_side_by_side(tmp_path: Path) -> None:
    other = tmp_path / "tests" / "spark" / "test_other.py"
    other.parent.mkdir(parents=True)
    other.write_text(MEETS.format(here="other", there="first"))
    with start_run(tmp_path, {"spark": MEETS.format(here="first", there="other")}, "spark") as process:
        printed, _ = process.communicate(timeout=60)
    assert "2 passed, 0 failed" in printed


WAITS = f"""
import os, pathlib, runpy
def test_of_containers():
    pathlib.Path('here-containers').touch()
    runpy.run_path({turns.__file__!r})['wait_for_turn'](pathlib.Path(os.environ['COINLAKE_TEST_HOME']))
    assert pathlib.Path('done').exists()
"""
LAKE = """
import pathlib, time
def test_of_the_lake():
    deadline = time.monotonic() + 30
    while not pathlib.Path('here-containers').exists():
        assert time.monotonic() < deadline
        time.sleep(0.05)
    time.sleep(2)
    pathlib.Path('done').touch()
"""


def test_containers_prepare_beside_the_lakes_and_wait_for_their_turn(tmp_path: Path) -> None:
    tests = {"unit": "def test_short(): pass", "docs": LAKE, "containers": WAITS}
    with start_run(tmp_path, tests, *tests) as process:
        printed, _ = process.communicate(timeout=60)
    assert process.returncode == 0, printed


def test_a_turn_that_never_comes_is_an_error(tmp_path: Path) -> None:
    with machine_alone(tmp_path), pytest.raises(TimeoutError, match="another suite has had"):
        wait_for_turn(tmp_path, 0)
    wait_for_turn(tmp_path, 0)


def test_without_room_for_both_one_suite_follows_the_other(tmp_path: Path) -> None:
    tests = {"docs": SLOW, "containers": FOLLOWS}
    with start_run(tmp_path, tests, "docs", "containers", room="{'containers': 1 << 60}") as process:
        printed, _ = process.communicate(timeout=60)
    assert process.returncode == 0, printed


@pytest.mark.parametrize(("words", "closing"), [((), "1 passed, 0 failed"), (("all",), "1 passed, 1 failed")])
def test_long_tests_run_when_all_are_asked_for(tmp_path: Path, words: tuple[str, ...], closing: str) -> None:
    with start_run(tmp_path, {"unit": LONG}, "unit", *words) as process:
        printed, _ = process.communicate(timeout=60)
    assert closing in printed.splitlines()[-1]
    assert ("tests/run.sh all" in printed) == (not words)
