"""Whose turn the machine is: a lake under test has it to itself, whatever else is prepared meanwhile.

A suite that runs beside another may download and build at once, and waits for its turn before its own lake comes up.
"""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

TURN_S = 5400.0  # longer than all suites together
LOOK_AGAIN_S = 1.0


@contextmanager
def machine_alone(home: Path) -> Iterator[None]:
    """Keep suites of the same run from bringing up a lake while the block runs, or until this process is gone."""
    with _file(home).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def wait_for_turn(home: Path, seconds: float = TURN_S) -> None:
    """Return once no other suite has the machine to itself.

    Raises:
        TimeoutError: one still has after so many seconds.
    """
    end = time.monotonic() + seconds
    with _file(home).open("a") as lock:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= end:
                    raise TimeoutError(f"another suite has had {_file(home)} locked for {seconds:g} s") from None
                time.sleep(LOOK_AGAIN_S)
            else:
                return


def _file(home: Path) -> Path:
    return home / "alone"
