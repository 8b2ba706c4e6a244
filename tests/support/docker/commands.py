"""Programs of this machine: run with a deadline, their words kept for the message of a failure."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import psutil

STOP_S = 20


class DockerUnavailableError(Exception):
    """No engine can be had here; the message is the reason for a skip."""


class CommandError(Exception):
    """A program that should have worked did not."""

    def __init__(self, command: Sequence[str], outcome: str, said: str) -> None:
        super().__init__(f"{' '.join(command)[:200]}: {outcome}\n{said[-2000:]}".rstrip())


def run(
    *command: str,
    seconds: float = 60,
    env: Mapping[str, str] | None = None,
    folder: Path | None = None,
    stderr: int = subprocess.PIPE,
) -> str:
    """Run a program in a folder and return what it printed on stdout; `stderr` may be mixed in, as for subprocess.

    Raises:
        CommandError: it is missing, took longer than `seconds`, or ended badly.
    """
    try:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=with_system_paths(os.environ if env is None else env),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            errors="replace",
            start_new_session=True,
        )
    except FileNotFoundError as error:
        raise CommandError(command, "not installed", "") from error
    with process:
        try:
            said, complained = process.communicate(timeout=seconds)
        except BaseException as error:
            end_group(process)
            if isinstance(error, subprocess.TimeoutExpired):
                raise CommandError(command, f"not done within {seconds:g} s", "") from error
            raise
    if process.returncode != 0:
        raise CommandError(command, f"exit code {process.returncode}", said + (complained or ""))
    return said


def end_group(process: subprocess.Popen[str]) -> None:
    """End a program and all it has started, which would write on; in peace, for an apt-get cut short wants repair."""
    with contextlib.suppress(ProcessLookupError):
        for number in (signal.SIGTERM, signal.SIGKILL):
            os.killpg(process.pid, number)
            deadline = time.monotonic() + STOP_S
            while time.monotonic() < deadline:
                if process.poll() is not None and not runs(process.pid):
                    return
                time.sleep(0.05)


def runs(group: int) -> bool:
    """Tell whether a process of the group still runs; one that only waits to be buried does not."""
    for process in psutil.process_iter():
        with contextlib.suppress(ProcessLookupError, psutil.NoSuchProcess):
            if os.getpgid(process.pid) == group and process.status() != psutil.STATUS_ZOMBIE:
                return True
    return False


def works(*command: str, env: Mapping[str, str] | None = None) -> bool:
    """Tell whether a program ends well; a missing one does not."""
    try:
        run(*command, seconds=30, env=env)
    except CommandError:
        return False
    return True


def with_system_paths(environment: Mapping[str, str]) -> dict[str, str]:
    """Return the environment with the folders in which Debian keeps what only root runs."""
    return {**environment, "PATH": os.pathsep.join([environment.get("PATH", os.defpath), "/usr/sbin", "/sbin"])}
