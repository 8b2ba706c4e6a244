"""Processes of the lake that outlived their supervisor, found by what supervisord wrote into their environment."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

from pipeline.host import processes
from pipeline.services import STOP_ORDER

LOOK_AGAIN_S = 0.1
TERMINATE_S = 20.0  # then it is killed


def leftovers(home: Path) -> dict[int, str]:
    """Return pid -> service of every process that this home's supervisord started, except ourselves."""
    ourselves = _ancestry(os.getpid())  # the verb may have been called in a terminal of the lake's own notebook
    found = {pid: processes.service_of(pid, home) for pid in processes.pids() if pid not in ourselves}
    return {pid: service for pid, service in found.items() if service is not None}


def stop_leftovers(home: Path, terminate_s: float = TERMINATE_S) -> dict[int, str]:
    """End the lake's processes that no supervisor looks after, in a clean stop's order; return which those were."""
    found = leftovers(home)
    known = {service for group in STOP_ORDER for service in group}
    others = tuple(sorted(set(found.values()) - known))
    for group in (others, *STOP_ORDER):
        _stop({pid for pid, service in found.items() if service in group}, home, terminate_s)
    return found


def _stop(pids: set[int], home: Path, terminate_s: float) -> None:
    for sign in (signal.SIGTERM, signal.SIGKILL):
        for pid in pids:
            if processes.service_of(pid, home) is not None:  # still the process that we found
                os.kill(pid, sign)
        deadline = time.monotonic() + terminate_s
        while (alive := any(map(processes.is_alive, pids))) and time.monotonic() < deadline:
            time.sleep(LOOK_AGAIN_S)
        if not alive:
            return


def _ancestry(pid: int) -> set[int]:
    line = set()
    while pid > 0 and pid not in line:
        line.add(pid)
        pid = processes.parent(pid)
    return line
