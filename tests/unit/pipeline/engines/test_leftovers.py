from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.engines import leftovers as leftovers_module
from pipeline.engines.leftovers import leftovers, stop_leftovers

OBEDIENT = "print(flush=True); import time; time.sleep(60)"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + OBEDIENT


def start(home: Path, service: str, program: str = OBEDIENT) -> subprocess.Popen[bytes]:
    environ = {"SUPERVISOR_SERVER_URL": f"unix://{home}/run/supervisor.sock", "SUPERVISOR_PROCESS_NAME": service}
    process = subprocess.Popen([sys.executable, "-c", program], env=environ, stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.readline()
    return process


@pytest.fixture
def lake(tmp_path: Path) -> Iterator[dict[str, subprocess.Popen[bytes]]]:
    """Two services of the home `mine` and one of the home `theirs`, without a supervisor."""
    started = {
        "kafka": start(tmp_path / "mine", "kafka"),
        "spark": start(tmp_path / "mine", "spark", STUBBORN),
        "theirs": start(tmp_path / "theirs", "kafka"),
    }
    yield started
    for process in started.values():
        process.kill()
        process.communicate()


def test_leftovers_are_those_of_this_home_only(lake: dict[str, subprocess.Popen[bytes]], tmp_path: Path) -> None:
    found = leftovers(tmp_path / "mine")
    assert found == {lake["kafka"].pid: "kafka", lake["spark"].pid: "spark"}


def test_leftovers_are_ended_writers_first_and_the_stubborn_killed(
    lake: dict[str, subprocess.Popen[bytes]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    signalled: list[int] = []
    kill = os.kill

    def recorded(pid: int, sign: int) -> None:
        signalled.append(pid)
        kill(pid, sign)

    monkeypatch.setattr("os.kill", recorded)
    assert set(stop_leftovers(tmp_path / "mine", terminate_s=0.3).values()) == {"kafka", "spark"}
    assert signalled == [lake["spark"].pid, lake["spark"].pid, lake["kafka"].pid]
    assert lake["spark"].wait() == -9
    assert lake["kafka"].wait() == -15
    assert lake["theirs"].poll() is None
    assert leftovers(tmp_path / "mine") == {}


def test_nothing_left_over_takes_no_time(tmp_path: Path) -> None:
    started = time.monotonic()
    assert stop_leftovers(tmp_path) == {}
    assert time.monotonic() - started < 2


def test_we_ourselves_are_never_among_them(tmp_path: Path) -> None:
    program = (
        "import pathlib; from pipeline.engines.leftovers import leftovers; "
        f"print(leftovers(pathlib.Path({str(tmp_path)!r})))"
    )
    environ = {"SUPERVISOR_SERVER_URL": f"unix://{tmp_path}/run/supervisor.sock", "SUPERVISOR_PROCESS_NAME": "notebook"}
    done = subprocess.run([sys.executable, "-c", program], env=environ, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "{}"
    assert leftovers_module.leftovers(tmp_path) == {}
