"""Programs of this machine: run with a deadline, their words kept for the message of a failure."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path


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
        done = subprocess.run(
            command,
            cwd=folder,
            env=with_system_paths(os.environ if env is None else env),
            timeout=seconds,
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            errors="replace",
        )
    except FileNotFoundError as error:
        raise CommandError(command, "not installed", "") from error
    except subprocess.TimeoutExpired as error:
        raise CommandError(command, f"not done within {seconds:g} s", "") from error
    if done.returncode != 0:
        raise CommandError(command, f"exit code {done.returncode}", done.stdout + (done.stderr or ""))
    return done.stdout


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
