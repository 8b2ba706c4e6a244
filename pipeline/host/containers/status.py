"""What runs in the containers, and what the tables hold: the body of `pipeline_status.sh` where Docker runs the lake.

What the engine knows, the services, is found out here; the rest is asked by the usual status in a container.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from pipeline.errors import CoinlakeError, ServiceError
from pipeline.host.containers.compose import PYTHON_INSIDE, Compose, Service
from pipeline.services import by_container
from pipeline.settings import Settings, load_settings

STATUS = (PYTHON_INSIDE, "-m", "pipeline.verbs.status", "--services-from-stdin")
ASKED = ("scheduler", "simulator", "trades", "notebook")  # any of them can ask; the scheduler knows the market, too
UNITS = {"B": 1 / 2**20, "KiB": 1 / 2**10, "MiB": 1.0, "GiB": 2.0**10}
SIZE = re.compile(r"([\d.]+)\s*([KMG]?i?B)")


def main(arguments: Sequence[str] | None = None) -> int:
    """Print the status; return 0 when every service is up, 3 when not, 1 when it cannot be told."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        settings = load_settings()
        return run(settings, Compose(settings.home), given)
    except CoinlakeError as error:
        print(f"pipeline_status.sh: {error}", file=sys.stderr)  # noqa: T201
        return 1


def run(settings: Settings, compose: Compose, arguments: Sequence[str]) -> int:
    """Ask the engine, then a container for all the rest; return that one's exit code.

    Raises:
        ServiceError: no container that could ask runs.
    """
    containers = [service for service in compose.services() if service.health or service.state != "exited"]
    states = service_states(settings, containers)
    asked = next((name for name in ASKED if any(s.name == name and s.state == "running" for s in containers)), None)
    if asked is None:
        for state in states:
            print(f"{state['name']:<20}{'up' if state['up'] else 'DOWN'}")  # noqa: T201
        raise ServiceError("no container of the lake's own runs: pipeline/scripts/pipeline_setup.sh --docker starts it")
    command = compose.command("exec", "--no-TTY", asked, *STATUS, *arguments)
    done = subprocess.run(command, input=json.dumps(states).encode(), check=False)
    return done.returncode


def service_states(settings: Settings, containers: Sequence[Service]) -> list[dict[str, Any]]:
    """Return each service as the status shows it; the pid is the engine's, the memory that of the whole container."""
    running = [service.container for service in containers if service.state == "running"]
    with ThreadPoolExecutor(2) as pool:
        pids = pool.submit(_pids, running)
        memory = pool.submit(_memory_mb, running)
    return [
        {
            "name": service.name,
            "up": service.state == "running" and service.is_ready,
            "pid": pids.result().get(service.container),
            "url": _address(settings, service.name),
            "rss_mb": memory.result().get(service.container),
        }
        for service in containers
    ]


def memory_mb(words: str) -> int | None:
    """Read the memory in use from what `docker stats` says: `187.4MiB / 768MiB` is 187."""
    found = SIZE.match(words)
    return round(float(found[1]) * UNITS[found[2]]) if found and found[2] in UNITS else None


def _address(settings: Settings, name: str) -> str:
    service = by_container(name)
    return f"{service.scheme}127.0.0.1:{settings.port(service.published)}" if service else ""


def _pids(containers: Sequence[str]) -> dict[str, int]:
    lines = _docker("inspect", "--format", "{{.Id}} {{.State.Pid}}", *containers)
    pairs = (line.split() for line in lines)
    return {container[:12]: int(pid) for container, pid in pairs if pid != "0"}


def _memory_mb(containers: Sequence[str]) -> dict[str, int | None]:
    lines = _docker("stats", "--no-stream", "--no-trunc", "--format", "{{.ID}}\t{{.MemUsage}}", *containers)
    pairs = (line.split("\t") for line in lines)
    return {container[:12]: memory_mb(words) for container, words in pairs}


def _docker(*arguments: str) -> list[str]:
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True, timeout=60, check=False)
    return done.stdout.splitlines()


if __name__ == "__main__":
    sys.exit(main())
