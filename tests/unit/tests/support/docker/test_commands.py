"""Programs with a deadline: what they say, and that nothing of them is left."""

from __future__ import annotations

import subprocess
from pathlib import Path

import psutil
import pytest

from tests.support.docker import commands
from tests.support.docker.commands import CommandError, run, works

STARTS_ANOTHER = "trap '' {ignored}; sleep 60 & echo $! > pid; wait"


@pytest.mark.parametrize("ignored", ["HUP", "TERM"])
def test_program_that_takes_too_long_ends_with_all_it_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ignored: str
) -> None:
    monkeypatch.setattr(commands, "STOP_S", 0.5)
    with pytest.raises(CommandError, match=r"not done within 0\.5 s"):
        run("sh", "-c", STARTS_ANOTHER.format(ignored=ignored), seconds=0.5, folder=tmp_path)
    started = int((tmp_path / "pid").read_text())
    assert not psutil.pid_exists(started) or psutil.Process(started).status() == psutil.STATUS_ZOMBIE


def test_only_stdout_is_returned_unless_both_are_wanted() -> None:
    command = ("sh", "-c", "echo said; echo complained >&2")
    assert run(*command) == "said\n"
    assert run(*command, stderr=subprocess.STDOUT) == "said\ncomplained\n"


def test_missing_program_is_told() -> None:
    assert not works("no-such-program")
    with pytest.raises(CommandError, match="no-such-program: not installed"):
        run("no-such-program")


def test_programs_for_root_are_found() -> None:
    assert run("sh", "-c", "echo $PATH", env={"PATH": "/bin"}) == "/bin:/usr/sbin:/sbin\n"
