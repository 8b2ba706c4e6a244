"""Processor time and memory of a lake's services, and of the kinds of threads in Spark's JVM, from /proc.

Processor time is fair on a machine that others use too, which wall-clock time is not.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import psutil

MB = 1_000_000
TICKS_PER_S = os.sysconf("SC_CLK_TCK")
DRIVER, PYTHON, TASKS, COMPILER, COLLECTOR = "driver", "python", "tasks", "compiler", "collector"
# As the kernel shows Java's thread names: 15 characters.
KINDS = {"Executor task l": TASKS, "C1 CompilerThre": COMPILER, "C2 CompilerThre": COMPILER, "VM Thread": COLLECTOR}


def tree(pid: int) -> list[psutil.Process]:
    """Return a process and all below it."""
    root = psutil.Process(pid)
    return [root, *root.children(recursive=True)]


def cpu_seconds(pid: int) -> float:
    """Return the processor time of a process tree, with that of its children which have ended."""
    return sum(sum(process.cpu_times()[:4]) for process in tree(pid))


def resident_mb(pid: int) -> int:
    """Return the resident memory of a process tree in 10^6 bytes."""
    return sum(process.memory_info().rss for process in tree(pid)) // MB


class SparkClock:
    """Processor time of a Spark driver by kind of thread; look often, for a thread's time is gone when it ends."""

    def __init__(self, pid: int) -> None:
        self._python = psutil.Process(pid)
        self._java = next(process for process in tree(pid) if process.name() == "java")
        self._seconds: dict[int, float] = {}
        self._kinds: dict[int, str] = {}

    def look(self) -> None:
        """Take note of each thread of the JVM."""
        for thread in Path(f"/proc/{self._java.pid}/task").iterdir():
            try:
                kind = (thread / "comm").read_text(encoding="utf-8").strip()
                fields = (thread / "stat").read_text(encoding="utf-8").rpartition(")")[2].split()
            except OSError:  # it has just ended
                continue
            number = int(thread.name)
            self._kinds[number] = KINDS.get(kind, DRIVER)
            self._seconds[number] = (int(fields[11]) + int(fields[12])) / TICKS_PER_S

    def seconds(self) -> dict[str, float]:
        """Return the time of each kind so far; `python` is the Python side of the driver."""
        self.look()
        found = dict.fromkeys((DRIVER, TASKS, COMPILER, COLLECTOR), 0.0)
        for number, kind in self._kinds.items():
            found[kind] += self._seconds[number]
        # What ended before it was seen counts as the driver's: task threads live for a minute at least.
        whole = sum(self._java.cpu_times()[:2])
        found[DRIVER] += max(0.0, whole - sum(found.values()))
        return {**found, PYTHON: sum(self._python.cpu_times()[:2])}


def difference(after: Mapping[str, float], before: Mapping[str, float]) -> dict[str, float]:
    """Return how much each value has grown."""
    return {name: round(value - before.get(name, 0), 3) for name, value in after.items()}


def machine_seconds() -> tuple[float, float]:
    """Return the processor time of the whole machine so far: what anything took, and all there was."""
    times = psutil.cpu_times()
    whole = times.user + times.nice + times.system + times.idle + times.iowait + times.irq + times.softirq + times.steal
    return whole - times.idle - times.iowait, whole
