"""A Docker engine for the tests: the one that answers, else one of our own where this machine allows it.

try:
    with docker_engine(home) as engine:
        engine.docker("compose", "up", "--wait")
except DockerUnavailableError as reason:
    pytest.skip(str(reason))
"""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.support.docker import debian
from tests.support.docker.base_image import BASE_IMAGE, base_archive, cache_folder
from tests.support.docker.commands import CommandError, DockerUnavailableError, run, works
from tests.support.docker.compose import client_folder
from tests.support.docker.daemon import private_daemon

__all__ = ["DockerUnavailableError", "Engine", "docker_engine"]


@dataclass(frozen=True)
class Engine:
    """A running engine with compose v2 and the base image."""

    env: Mapping[str, str]  # a whole environment: docker and our own scripts find the engine with it
    is_ours: bool  # made for this run alone; else what it has is someone's

    def run(self, *arguments: str, seconds: float = 120) -> subprocess.CompletedProcess[str]:
        """Run the client, whatever its exit code; stderr is mixed into stdout."""
        return subprocess.run(
            ["docker", *arguments],
            env=dict(self.env),
            timeout=seconds,
            check=False,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
        )

    def docker(self, *arguments: str, seconds: float = 120) -> str:
        """Run the client and return what it printed on stdout.

        Raises:
            CommandError: it took longer than `seconds` or ended badly; the message has all it said.
        """
        return run("docker", *arguments, seconds=seconds, env=self.env)


@contextlib.contextmanager
def docker_engine(home: Path, environment: Mapping[str, str] = os.environ) -> Iterator[Engine]:
    """Yield an engine; one of our own lives below `home` and is gone with all it made at the end.

    Raises:
        DockerUnavailableError: none answers that could be used, and none may or can be brought up.
        CommandError: one of our own should have come up and did not.
    """
    outside = {name: value for name, value in environment.items() if not name.startswith("COMPOSE_")}
    fault = fault_of_engine(outside)
    if fault is None:
        yield Engine(outside, is_ours=False)
        return
    reason = debian.reason_not_to_install(environment) or debian.reason_not_to_start()
    if reason is not None:
        raise DockerUnavailableError(f"{fault}, and {reason}")
    with own_engine(home, outside) as engine:
        yield engine


def fault_of_engine(env: Mapping[str, str]) -> str | None:
    """Tell what the engine that an environment names lacks; None when it can be used."""
    if not works("docker", "info", env=env):
        return "no Docker engine answers"
    if not works("docker", "compose", "version", env=env):
        return "the Docker client here has no compose v2"
    if not works("docker", "image", "inspect", BASE_IMAGE, env=env):
        try:
            run("docker", "pull", "--quiet", BASE_IMAGE, seconds=300, env=env)
        except CommandError:
            return f"the Docker engine here has no {BASE_IMAGE} and cannot pull it"
    return None


@contextlib.contextmanager
def own_engine(home: Path, environment: Mapping[str, str]) -> Iterator[Engine]:
    """Bring up an engine below `home` with the base image in it, and take it away again."""
    debian.install_programs()
    client = client_folder(home)
    debian.bring_plugins(client / "cli-plugins")
    folder = home / "docker"
    with private_daemon(folder) as address:
        plain = {name: value for name, value in environment.items() if not name.startswith("DOCKER_")}
        engine = Engine({**plain, "DOCKER_HOST": address, "DOCKER_CONFIG": str(client)}, is_ours=True)
        archive = base_archive(cache_folder(environment), folder, debian.mirror())
        engine.docker("import", "--change", 'CMD ["bash"]', str(archive), BASE_IMAGE)
        yield engine
