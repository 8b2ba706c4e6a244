"""A point kills once, when it is armed and only then; the whole process group dies."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil

from pipeline.failpoints import VARIABLE

CODE = (
    "import subprocess, sys\n"
    "from pipeline.failpoints import reach\n"
    "child = subprocess.Popen(['sleep', '60'])\n"
    "print(child.pid, flush=True)\n"
    "reach('another')\n"
    "reach('here')\n"
    "child.kill()\n"
    "print('survived')\n"
)


def run(**environment: str) -> tuple[int, str]:
    command = [sys.executable, "-c", CODE]
    ours = {name: value for name, value in os.environ.items() if name != VARIABLE}
    done = subprocess.run(
        command, env=ours | environment, start_new_session=True, check=False, capture_output=True, text=True
    )
    return done.returncode, done.stdout


def test_an_armed_point_kills_the_whole_group_once(tmp_path: Path) -> None:
    (tmp_path / "here").touch()
    code, printed = run(COINLAKE_FAILPOINTS=str(tmp_path))
    assert (code, "survived" in printed) == (-signal.SIGKILL, False)
    deadline = time.monotonic() + 10
    while psutil.pid_exists(int(printed)) and psutil.Process(int(printed)).status() != psutil.STATUS_ZOMBIE:
        assert time.monotonic() < deadline, "the child survived"
        time.sleep(0.05)
    assert list(tmp_path.iterdir()) == []
    assert "survived" in run(COINLAKE_FAILPOINTS=str(tmp_path))[1]


def test_without_the_variable_nothing_happens() -> None:
    code, printed = run()
    assert (code, "survived" in printed) == (0, True)
