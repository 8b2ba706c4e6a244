"""One home's project of Docker Compose: its settings' file, and the calls to it."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from pipeline.errors import ServiceError
from pipeline.settings import CHECKOUT
from pipeline.settings.values import read_env_file

ENV_FILE = "docker.env"
PROFILES = ("single", "cluster")
# Further profiles beside one of these, and their services.
TIERS = {"serving": ("serving-postgres", "serving-s3"), "superset": ("superset",)}
PYTHON_INSIDE = "/var/lib/coinlake/venv/bin/python"  # in every image; it has all packages
# The settings that docker-compose.yml passes to the containers, beside those that `project_values` makes.
HANDED_ON = (
    "COINS",
    "COINBASE_PRODUCTS",
    "COINBASE_CANDLE_PRODUCTS",
    "COINBASE_FEED",
    "COINBASE_WS_URL",
    "COINBASE_REST_URL",
    "COINGECKO_URL",
    "COINGECKO_TIER",
    "COINGECKO_API_KEY_FILE",
    "COINMETRICS_URL",
    "COINLAKE_POLL_SECONDS",
    "COINLAKE_ALERT_RULES",
    "COINLAKE_ALERT_COOLDOWN_SECONDS",
    "COINLAKE_ALERT_CHANNELS_FILE",
    "COINLAKE_NOTIFY_COOLDOWN_SECONDS",
    "COINLAKE_NOTIFY_MAX_AGE_MINUTES",
    "COINLAKE_ALARM_SECONDS",
    "COINLAKE_ALARM_EVALUATIONS",
    "COINLAKE_ALARM_REPEAT_MINUTES",
    "COINLAKE_ALARM_LAG_RECORDS",
    "COINLAKE_ALARM_SILENCE_MINUTES",
    "COINLAKE_ALARM_GAP_MINUTES",
    "COINLAKE_ALARM_DISK_GB",
    "COINLAKE_REST_SECONDS",
    "COINLAKE_SPOOL_MAX_MB",
    "COINLAKE_TOPIC_MAX_GB",
    "COINLAKE_CSV_MAX_MB",
    "COINLAKE_OWN_NAMES",
)
HEADER = """\
# Made by pipeline_setup.sh --docker. As Docker Compose sees this lake:
# docker compose --env-file THIS_FILE ps
"""
CALL_S = 120.0


@dataclass(frozen=True)
class Service:
    """One container as the engine sees it; `state` and `health` in Docker's words, `health` empty without a check."""

    name: str
    container: str
    state: str
    health: str
    exit_code: int

    @property
    def is_ready(self) -> bool:
        """Whether it does real work, or has done what it was there for: what has no health check is there to end."""
        if self.state == "exited":
            return self.exit_code == 0
        return self.state == "running" and self.health == "healthy"


class Compose:
    """Calls to `docker compose` on the project of a home."""

    def __init__(self, home: Path) -> None:
        self.env_file = home / ENV_FILE

    @property
    def values(self) -> Mapping[str, str]:
        """What the project was set up with; empty when it never was."""
        return read_env_file(self.env_file)

    def command(self, *arguments: str) -> list[str]:
        """Return the command line of a call."""
        project = ["--project-directory", str(CHECKOUT), "--env-file", str(self.env_file)]
        return ["docker", "compose", *project, *arguments]

    def run(self, *arguments: str, stdin: IO[bytes] | int = subprocess.DEVNULL, within_s: float = CALL_S) -> str:
        """Return what a call prints.

        Raises:
            ServiceError: it failed; with what it says.
        """
        try:
            done = subprocess.run(
                self.command(*arguments), stdin=stdin, capture_output=True, timeout=within_s, check=False
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise ServiceError(f"docker compose {' '.join(arguments)}: {error}") from None
        if done.returncode != 0:
            raise ServiceError(f"docker compose {' '.join(arguments)}: {_last_words(done.stderr)}")
        return done.stdout.decode()

    def services(self) -> list[Service]:
        """Return all containers of the project, those that have ended, too; none before the first start."""
        if not self.env_file.exists():
            return []
        found = [json.loads(line) for line in self.run("ps", "--all", "--format", "json").splitlines()]
        services = (Service(c["Service"], c["ID"], c["State"], c["Health"], c["ExitCode"]) for c in found)
        return sorted(services, key=lambda service: service.name)

    def is_up(self) -> bool:
        """Tell whether any container of the project runs."""
        return any(service.state != "exited" for service in self.services())


def profiles_of(values: Mapping[str, str]) -> list[str]:
    """Return the profiles that a project was set up with, single or cluster first; none when it never was."""
    return list(filter(None, values.get("COMPOSE_PROFILES", "").split(",")))


def project_values(home: Path, port_base: int, profiles: Sequence[str]) -> dict[str, str]:
    """Return what tells one home's project from another's."""
    is_default = home == CHECKOUT / ".coinlake"
    name = "coinlake" if is_default else f"coinlake-{hashlib.sha256(os.fsencode(home)).hexdigest()[:8]}"
    return {
        "COMPOSE_PROJECT_NAME": name,
        "COMPOSE_PROFILES": ",".join(profiles),
        "COINLAKE_PORTS": str(port_base // 100),
    }


def write_values(env_file: Path, values: Mapping[str, str]) -> bool:
    """Write the project's settings in one step; return whether they changed."""
    text = HEADER + "".join(f"{name}={value}\n" for name, value in values.items())
    if env_file.exists() and env_file.read_text(encoding="utf-8") == text:
        return False
    env_file.parent.mkdir(parents=True, exist_ok=True)
    fresh = env_file.with_name(f".{env_file.name}.new")
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(env_file)
    return True


def _last_words(stderr: bytes, lines: int = 5) -> str:
    return "\n".join(stderr.decode("utf-8", "replace").strip().splitlines()[-lines:])
