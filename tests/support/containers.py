"""A lake in containers, as the tests reach it from outside: by its verbs, its published ports and the engine."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

from pipeline.host.containers import images
from pipeline.host.containers.compose import PROFILES, TIERS, Compose, project_values, write_values
from pipeline.settings import Settings, load_settings
from pipeline.settings.values import Secret
from proof.jvm import SHORT_LIVED
from tests.support.docker_engine import Engine
from tests.support.stack import Stack

COMPOSE = "docker-compose.yml"
IMAGES_WITH_JVM = {f"coinlake/{name}" for name in ("kafka", "cloudera", "spark", "presto", "serving-s3")}
SETUP = "pipeline/scripts/pipeline_setup.sh"
DOWN = "pipeline/scripts/pipeline_down.sh"
SETUP_S = 900


@dataclass(frozen=True)
class Lake:
    """A running lake of one profile."""

    stack: Stack
    engine: Engine
    said: str  # what its set-up printed

    @cached_property
    def project(self) -> str:
        """The name that Compose gives all that belongs to this lake."""
        return Compose(self.stack.settings.home).values["COMPOSE_PROJECT_NAME"]

    @cached_property
    def api_token(self) -> Secret:
        """The token of the scheduler's and the simulator's writing calls, which only their containers hold."""
        ask = "from pipeline.settings import load_settings; print(load_settings().access.api_token.reveal())"
        return Secret(self.run_in("scheduler", "/var/lib/coinlake/venv/bin/python", "-c", ask).strip())

    def containers(self) -> dict[str, str]:
        """Return the id of each service's container, running or not."""
        label = f"label=com.docker.compose.project={self.project}"
        form = '{{.Label "com.docker.compose.service"}} {{.ID}}'
        lines = self.engine.docker("ps", "--all", "--filter", label, "--format", form).splitlines()
        return dict(line.split() for line in lines)

    def inspect(self, service: str) -> dict[str, Any]:
        """Return all that the engine knows of a service's container."""
        found: list[dict[str, Any]] = json.loads(self.engine.docker("inspect", self.containers()[service]))
        return found[0]

    def health(self, service: str) -> str:
        """Return a service's health in Docker's words."""
        return str(self.inspect(service)["State"].get("Health", {}).get("Status"))

    def crash(self, service: str) -> None:
        """Kill a service's container as if it crashed, so that its restart policy acts."""
        os.kill(int(self.inspect(service)["State"]["Pid"]), signal.SIGKILL)

    def kill(self, service: str) -> None:
        """Kill a service's container for good: the engine takes it for a wanted stop."""
        self.engine.docker("kill", self.containers()[service])

    def start(self, service: str) -> None:
        """Start a killed one again."""
        self.engine.docker("start", self.containers()[service])

    def run_in(self, service: str, *command: str) -> str:
        """Return what a command prints in a service's container."""
        return self.engine.docker("exec", self.containers()[service], *command)


def build_images(engine: Engine, home: Path) -> None:
    """Build the images of a lake as its set-up does, which then finds them; `home` is for the builder's files."""
    compose = Compose(home)
    port_base = load_settings(engine.env).port_base  # published by no one: a build starts no container
    write_values(compose.env_file, project_values(home, port_base, ["single", "serving"]))
    with pytest.MonkeyPatch.context() as patch:
        for name, value in engine.env.items():
            patch.setenv(name, value)
        images.build(compose, images.source_id(), home / "build.log")


@contextmanager
def lake_in_containers(engine: Engine, checkout: Path, home: Path, *arguments: str) -> Iterator[Lake]:
    """Set a lake up with these arguments, and take it down with its volumes at the end."""
    env = {**engine.env, "COINLAKE_HOME": str(home), "COINLAKE_POLL_SECONDS": "2"}
    env["COMPOSE_FILE"] = os.pathsep.join(map(str, (checkout / COMPOSE, with_short_lived_jvms(engine, checkout, home))))
    stack = Stack(reached_from_outside(env), env, checkout)
    try:
        said = stack.script(SETUP, "--docker", "--market", "simulator", *arguments, seconds=SETUP_S)
        print(said)
        yield Lake(stack, engine, said)
    except BaseException:
        for container in engine.run("ps", "--all", "--quiet", "--filter", "health=unhealthy").stdout.split():
            print(end_of_log(engine, container))
        raise
    finally:
        print(stack.script(DOWN, "--purge", "--yes", seconds=300))


def with_short_lived_jvms(engine: Engine, checkout: Path, home: Path) -> Path:
    """Write a file for Compose that gives the tests' options to every container with a JVM; return its path."""
    profiles = [f"--profile={name}" for name in (*PROFILES, *TIERS)]
    command = ("compose", "--project-directory", str(checkout), *profiles, "config", "--format", "json")
    services = json.loads(engine.docker(*command))["services"]
    more = {"environment": {"JAVA_TOOL_OPTIONS": SHORT_LIVED}}
    changed = {name: more for name, service in services.items() if service["image"] in IMAGES_WITH_JVM}
    file = home.with_name(f"{home.name}-short-lived.json")
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps({"services": changed}), encoding="utf-8")
    return file


def reached_from_outside(env: Mapping[str, str]) -> Settings:
    """Return the settings with Kafka's door for clients outside of the containers."""
    port = load_settings(env).port("kafka_outside")
    return load_settings({**env, "KAFKA_BOOTSTRAP_SERVERS": f"127.0.0.1:{port}"})


def end_of_log(engine: Engine, container: str) -> str:
    """Return a container's name and the end of what it logged."""
    name = engine.run("inspect", "--format", "{{.Name}}", container).stdout.strip()
    return f"{name} is unhealthy:\n{engine.run('logs', '--tail', '20', container).stdout}"
