"""Killing services of a running lake, and telling when they are back."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Iterator
from functools import partial

import psutil

from pipeline.engines.supervisor import client
from tests.support.stack import Stack
from tests.support.waiting import wait_until


def kill(stack: Stack, service: str) -> int:
    """Kill a service and its children by SIGKILL; return the old process id."""
    pid = stack.service_pid(service)
    assert pid is not None, f"{service} is not running"
    for process in [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]:
        with contextlib.suppress(ProcessLookupError):  # it went with its parent
            os.kill(process.pid, signal.SIGKILL)
    return pid


def runs_again(stack: Stack, service: str, killed: int) -> bool:
    """Tell whether a service runs as another process than the killed one."""
    return stack.service_pid(service) not in {None, killed}


@contextlib.contextmanager
def killed(stack: Stack, service: str) -> Iterator[None]:
    """Kill a service and keep it from being started again until the block ends."""
    supervisor = client(stack.settings)
    kill(stack, service)
    supervisor.stop(service)  # which the supervisor was about to start again
    try:
        yield
    finally:
        supervisor.start(service)


def kill_and_wait(stack: Stack, *services: str, seconds: float = 60) -> None:
    """Kill services and wait until the supervisor has started them again."""
    pids = {service: kill(stack, service) for service in services}
    for service, pid in pids.items():
        wait_until(partial(runs_again, stack, service, pid), seconds, f"{service} runs again")
