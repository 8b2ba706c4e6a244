"""What is done to a lake: its processes killed or stopped, its market cut off, its checkpoint made to forget."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import psutil

from pipeline.errors import ServiceError
from pipeline.verbs.hdfs_folders import delete_folder, folder_names
from proof.lake import Lake

PATIENCE_S = 240.0  # for a lake that is still getting up from the fault before
DRIVER = "spark"


class Fault(Protocol):
    """One thing done to a lake; as text it says which."""

    def strike(self, lake: Lake) -> None:
        """Do it; the lake must get over it by itself.

        Raises:
            ServiceError: it could not be done.
        """
        ...


@dataclass(frozen=True)
class Kill:
    """`kill -9` of services with their children, one right after the other."""

    services: tuple[str, ...]

    def strike(self, lake: Lake) -> None:
        """Kill what runs of them; what is on its way up already died."""
        for service in self.services:
            for process in processes(lake, service):
                _signal(process, signal.SIGKILL)

    def __str__(self) -> str:
        return f"kill {', '.join(self.services)}"


@dataclass(frozen=True)
class Pause:
    """SIGSTOP of a service with its children for a while: it holds its connections, and answers nobody."""

    service: str
    seconds: float

    def strike(self, lake: Lake) -> None:
        """Stop it, wait, and let it go on."""
        stopped = list(processes(lake, self.service))
        for process in stopped:
            _signal(process, signal.SIGSTOP)
        try:
            time.sleep(self.seconds)
        finally:  # an interrupted run must be able to take its lake down
            for process in stopped:
                _signal(process, signal.SIGCONT)

    def __str__(self) -> str:
        return f"pause {self.service} for {self.seconds:g} s"


@dataclass(frozen=True)
class CutMarket:
    """The exchange's connection ends without a goodbye, and nobody can connect for a while."""

    seconds: float

    def strike(self, lake: Lake) -> None:
        """Order it; it happens at the next trade."""
        lake.exchange.order("disconnect", seconds=self.seconds, cut=True)

    def __str__(self) -> str:
        return f"cut the market off for {self.seconds:g} s"


@dataclass(frozen=True)
class ForgetBatch:
    """The newest entry of a query's commit log is gone, as after a crash before it: the batch runs again."""

    query: str

    def strike(self, lake: Lake) -> None:
        """Stop the driver, delete the entry, and start it again."""
        folder = f"{lake.settings.lake.checkpoints}/stream/{self.query}/commits"
        entry = ""

        def forget() -> bool:
            nonlocal entry
            entry = entry or newest(lake, folder)  # the same one again, when there was no answer
            if entry:
                delete_folder(lake.settings, f"{folder}/{entry}")
            return bool(entry)

        lake.supervisor.stop(DRIVER)
        try:
            lake.wait_until(forget, PATIENCE_S, f"delete a batch's entry in {folder}")
        finally:
            lake.supervisor.start(DRIVER)

    def __str__(self) -> str:
        return f"forget the newest batch of {self.query}"


@dataclass(frozen=True)
class DieAt:
    """The driver dies at a named place of a batch."""

    point: str

    def strike(self, lake: Lake) -> None:
        """Arm the point and wait until it was reached."""
        armed = lake.failpoints / self.point
        armed.touch()
        try:
            lake.wait_until(lambda: not armed.exists(), PATIENCE_S, f"reach the point {self.point}")
        finally:
            armed.unlink(missing_ok=True)

    def __str__(self) -> str:
        return f"die at {self.point}"


def processes(lake: Lake, service: str) -> Iterator[psutil.Process]:
    """Yield a service's process and its children, those that are there."""
    state = lake.supervisor.states().get(service)
    if state is None:
        raise ServiceError(f"the lake has no service {service}")
    if state.pid is None:
        return
    with contextlib.suppress(psutil.NoSuchProcess):
        yield psutil.Process(state.pid)
        yield from psutil.Process(state.pid).children(recursive=True)


def newest(lake: Lake, folder: str) -> str:
    """Return the newest batch's entry in a query's log, empty when there is none; `ServiceError` without an answer."""
    return max((name for name in folder_names(lake.settings, folder) if name.isdigit()), key=int, default="")


def _signal(process: psutil.Process, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError):  # it went with its parent
        os.kill(process.pid, number)
