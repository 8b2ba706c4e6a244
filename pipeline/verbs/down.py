"""Stop the lake, and on request remove its home: the body of `pipeline_down.sh`."""

from __future__ import annotations

import os
import shutil
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from pipeline.engines import leftovers, supervisor
from pipeline.errors import ServiceError
from pipeline.host import ports, processes
from pipeline.host.cli import DOWN_GOES_ON, parse_down, run_verb
from pipeline.services import PORT_OFFSETS
from pipeline.settings import Settings, load_settings
from pipeline.verbs.console import Stages

PORTS_FREE_S = 15.0
LOOK_AGAIN_S = 0.1
# What a home holds, in the words of a question; anything else in it is not ours to remove.
CONTENT = {
    "data": "all tables, topics and the history of the scheduler; gold's own PostgreSQL and bucket",
    "logs": "the services' logs",
    "conf": "rendered configuration",
    "run": "what describes the running lake",
    ".env": "secrets, and settings added by hand",
    "jars": "the engines (the download cache stays)",
    "venv": "the Python environment",
    "superset": "Superset's Python environment",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Stop everything that this home's set-up started; return 0 when nothing of it runs any more."""
    given = parse_down(arguments)
    return run_verb("pipeline_down.sh", lambda: run(with_purge=given.purge, unasked=given.yes), DOWN_GOES_ON)


def run(*, with_purge: bool, unasked: bool) -> int:
    """Stop, and purge if that is wanted and confirmed; return 1 when it was not."""
    settings = load_settings()
    if with_purge and not (unasked or _confirmed(settings.home)):
        print("pipeline_down.sh: nothing was stopped or deleted", file=sys.stderr)  # noqa: T201
        return 1
    stages = Stages()
    stop(settings, stages)
    if with_purge:
        purge(settings.home, stages)
    return 0


def stop(settings: Settings, stages: Stages) -> None:
    """Stop the services in order, then whatever outlived its supervisor, and wait until the ports are free.

    Raises:
        ServiceError: something of ours still runs.
    """
    with stages.stage("services") as outcome:
        was_up = supervisor.stop_daemon(settings)
        _wait_for_supervisord(settings.home)
        ended = leftovers.stop_leftovers(settings.home)
        told = "services stopped" if was_up else "nothing was running"
        outcome(f"ended what a killed supervisor had left: {', '.join(sorted(set(ended.values())))}" if ended else told)
    with stages.stage("ports") as outcome:
        _wait_for_ports(settings)
        outcome("no service of this lake holds a port")


def purge(home: Path, stages: Stages) -> None:
    """Delete what the set-up put into the home, and the home itself when nothing else is in it."""
    for name in CONTENT:
        place = home / name
        if place.is_symlink() or place.is_file():
            place.unlink()
        elif place.is_dir():
            with stages.stage(f"deleted {place}"):
                shutil.rmtree(place)
    if home.is_dir() and not any(home.iterdir()):
        home.rmdir()
    elif home.is_dir():
        stages.say(f"{home} holds files that are not the lake's; they stay")


def _confirmed(home: Path) -> bool:
    there = [name for name in CONTENT if (home / name).exists()]
    if not there:
        return True
    print(f"This deletes from {home}:")  # noqa: T201
    for name in there:
        print(f"  {name:<10}{CONTENT[name]}")  # noqa: T201
    if not sys.stdin.isatty():
        print("pipeline_down.sh: --purge asks on a terminal; elsewhere add --yes", file=sys.stderr)  # noqa: T201
        return False
    return input("Delete it for good? [y/N] ").strip().lower() in {"y", "yes"}


def _wait_for_supervisord(home: Path) -> None:
    """Wait until supervisord is gone; one whose socket was deleted is asked by signal, as its manual says."""
    deadline = time.monotonic() + supervisor.STOP_S
    if (pid := processes.supervisord_pid(home)) is not None:
        os.kill(pid, signal.SIGTERM)
    while processes.supervisord_pid(home) is not None:
        if time.monotonic() > deadline:
            raise ServiceError(f"supervisord (pid {pid}) does not end; its log is {home / 'logs' / 'supervisord.log'}")
        time.sleep(LOOK_AGAIN_S)


def _wait_for_ports(settings: Settings) -> None:
    deadline = time.monotonic() + PORTS_FREE_S
    while ours := _ports_of_ours(settings):
        if time.monotonic() > deadline:
            raise ServiceError(f"still held by services of this lake: port {', '.join(map(str, ours))}")
        time.sleep(LOOK_AGAIN_S)


def _ports_of_ours(settings: Settings) -> list[int]:
    every = map(settings.port, PORT_OFFSETS)
    taken = [port for port in every if not ports.is_free(settings.listen_host, port)]
    holders = {port: processes.listening_pid(port) for port in taken}
    return [port for port, pid in holders.items() if pid is not None and processes.service_of(pid, settings.home)]


if __name__ == "__main__":
    sys.exit(main())
