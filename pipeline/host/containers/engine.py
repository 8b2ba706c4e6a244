"""Is there a Docker engine that can run the lake?"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator, Sequence

from pipeline.host import machine, ports
from pipeline.services import published_ports
from pipeline.settings import Settings

COMPOSE_WANTED = (2, 20)  # the first with dependencies that need not be there
ANSWER_S = 20.0
GIB = machine.GIB
# Resident, with room for the first queries; what runs beside the first two adds to them.
MEMORY_WANTED = {"single": 6 * GIB, "cluster": 13 * GIB, "serving": 0.25 * GIB, "superset": 0.5 * GIB}
DISK_WANTED = 8 * GIB  # measured: images 4.6 GB while they are built


def engine_fault() -> str | None:
    """Return why no engine can be used, or None: the client, the engine or Compose v2 is missing."""
    answer = _ask("docker", "info", "--format", "{{json .}}")
    if answer is None:
        return "docker is not installed: install Docker Engine and its Compose plugin"
    info = json.loads(answer or "{}")
    if info.get("ServerErrors") or not info.get("ServerVersion"):
        reason = (info.get("ServerErrors") or ["no answer"])[0]
        return f"no Docker engine answers ({reason}): start it, or run natively with --native"
    version = _ask("docker", "compose", "version", "--short") or ""
    found = re.match(r"v?(\d+)\.(\d+)", version)
    if found is None:
        return "Docker has no Compose v2: install the package docker-compose-plugin"
    if (int(found[1]), int(found[2])) < COMPOSE_WANTED:
        return f"Docker Compose is {version.strip()}, 2.20 or newer is needed: update docker-compose-plugin"
    return None


def room_faults(settings: Settings, profiles: Sequence[str]) -> Iterator[str]:
    """Yield a line for each thing that a first start with these profiles lacks: memory, disk, a free port."""
    free, wanted = machine.available_memory(), sum(MEMORY_WANTED[profile] for profile in profiles)
    if free is not None and free < wanted:
        yield f"{free / GIB:.1f} GB of memory are free, the containers need {wanted / GIB:g} GB: close other programs"
    if settings.port_base % 100 != 0:
        yield f"COINLAKE_PORT_BASE={settings.port_base}: in containers it has to be a multiple of 100"
    published = [port for profile in profiles for port in published_ports(profile)]
    yield from ports.port_faults(settings, published)


def _ask(*command: str) -> str | None:
    """Return what a command prints, empty when it fails; None when there is no such program."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=ANSWER_S, check=False)
    except FileNotFoundError:
        return None
    except subprocess.TimeoutExpired:
        return ""
    return done.stdout if done.returncode == 0 or done.stdout.startswith("{") else ""
