"""Compose v2, with or without an engine, and what it makes of docker-compose.yml."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.docker import debian
from tests.support.docker.commands import DockerUnavailableError, run, works

Service = dict[str, Any]


def client_folder(home: Path) -> Path:
    """Return the DOCKER_CONFIG of a client of the tests' own."""
    return home / "docker-client"


def compose_command(home: Path, environment: Mapping[str, str] = os.environ) -> list[str]:
    """Return the words that run compose v2: the client's, else one of our own below `home`, which needs no client.

    Raises:
        DockerUnavailableError: there is none, and none may or can be had.
    """
    if works("docker", "compose", "version", env=environment):
        return ["docker", "compose"]
    reason = debian.reason_not_to_install(environment)
    if reason is not None:
        raise DockerUnavailableError(f"no compose v2, and {reason}")
    return [str(debian.bring_plugins(client_folder(home) / "cli-plugins") / "docker-compose")]


@dataclass(frozen=True)
class ComposeFile:
    """The compose file of a folder, as compose itself reads it."""

    command: list[str]
    folder: Path

    def config(self, *arguments: str, profiles: tuple[str, ...] = (), stderr: int = subprocess.PIPE) -> str:
        """Return what `compose config` prints with no variable set but those of the folder's .env."""
        chosen = [f"--profile={profile}" for profile in profiles]
        # The client finds its plugins by the last two.
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "DOCKER_CONFIG") if name in os.environ}
        return run(*self.command, *chosen, "config", *arguments, env=kept, folder=self.folder, stderr=stderr)

    def warnings(self, profile: str) -> str:
        """Return all that compose has to say about a profile; nothing when it is content."""
        return self.config("--quiet", profiles=(profile,), stderr=subprocess.STDOUT)

    def profiles(self) -> list[str]:
        """Return the names of the profiles."""
        return self.config("--profiles").split()

    def services(self, *profiles: str) -> dict[str, Service]:
        """Return the services of the profiles, all defaults filled in."""
        model = json.loads(self.config("--format", "json", profiles=profiles))
        services: dict[str, Service] = model["services"]
        return services
