"""The Dockerfile and docker-compose.yml, as they are written: nothing is built or run, and no engine is needed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.docker.commands import DockerUnavailableError
from tests.support.docker.compose import ComposeFile, Service, compose_command
from tests.support.docker.dockerfile import Stage, foreign_bases, pulls_its_syntax, read_stages, secret_names, user
from tests.support.docker.rules import RULES, RULES_FOR_LONG_RUNNING, awaited, jobs, ports_taken_twice
from tests.support.repository import Repository

# Debian takes an old version of a package away when the next one comes: an image with pins could not be built again.
NOT_ASKED = ["--ignore=DL3008"]


@pytest.fixture(scope="module")
def dockerfiles(repository: Repository) -> dict[str, str]:
    """Each Dockerfile's text by its path from the root."""
    paths = [path for path in repository.files() if path.name.startswith("Dockerfile")]
    assert paths
    return {repository.name(path): path.read_text(encoding="utf-8") for path in paths}


@pytest.fixture(scope="module")
def stages(dockerfiles: dict[str, str]) -> dict[str, list[Stage]]:
    """Each Dockerfile's stages."""
    return {name: read_stages(text) for name, text in dockerfiles.items()}


@pytest.fixture(scope="module")
def compose(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> ComposeFile:
    """Our compose file, read by compose v2."""
    home = os.environ.get("COINLAKE_TEST_HOME") or tmp_path_factory.mktemp("home")
    try:
        return ComposeFile(compose_command(Path(home)), checkout)
    except DockerUnavailableError as reason:
        pytest.skip(str(reason))


@pytest.fixture(scope="module")
def services(compose: ComposeFile) -> dict[str, Service]:
    """The services of all profiles."""
    return compose.services("*")


# --- The Dockerfile ---


def test_hadolint_finds_no_fault(checkout: Path, dockerfiles: dict[str, str]) -> None:
    hadolint = str(Path(sys.executable).with_name("hadolint"))
    command = [hadolint, "--no-color", *NOT_ASKED, *dockerfiles]
    done = subprocess.run(command, cwd=checkout, check=False, capture_output=True, text=True)
    if done.returncode != 0:
        pytest.fail(f"hadolint: exit code {done.returncode}\n{done.stdout}{done.stderr}", pytrace=False)


def test_no_syntax_is_pulled(dockerfiles: dict[str, str]) -> None:
    assert [name for name, text in dockerfiles.items() if pulls_its_syntax(text)] == []


def test_debian_is_the_only_image_pulled(stages: dict[str, list[Stage]]) -> None:
    assert {name: foreign_bases(found) for name, found in stages.items() if foreign_bases(found)} == {}


def test_no_secret_is_put_into_an_image(stages: dict[str, list[Stage]]) -> None:
    assert {name: secret_names(found) for name, found in stages.items() if secret_names(found)} == {}


def test_the_jars_are_fetched_with_all_the_code_that_this_takes(checkout: Path, tmp_path: Path) -> None:
    text = (checkout / "pipeline/engines/containers/Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    stage = text.split(" AS jars\n")[1].split("\nFROM ")[0]
    for line in stage.splitlines():
        if line.startswith("COPY pipeline"):
            *names, target = line.split()[1:]
            for name in names:
                folder = tmp_path / target
                folder.mkdir(parents=True, exist_ok=True)
                if (checkout / name).is_dir():
                    shutil.copytree(checkout / name, folder, dirs_exist_ok=True)
                else:
                    shutil.copy(checkout / name, folder)
    command = [sys.executable, "-m", "pipeline.engines.jars", "--help"]
    environ = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    done = subprocess.run(command, cwd=tmp_path, env=environ, check=False, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


# --- The services ---


def test_compose_reads_every_profile_without_a_word(compose: ComposeFile) -> None:
    profiles = compose.profiles()
    assert {"single", "cluster"} <= set(profiles)
    assert {name: compose.warnings(name) for name in profiles} == dict.fromkeys(profiles, "")


@pytest.mark.parametrize("rule", RULES)
def test_every_service(services: dict[str, Service], rule: Callable[[Service], bool]) -> None:
    assert [name for name, service in services.items() if not rule(service)] == []


@pytest.mark.parametrize("rule", RULES_FOR_LONG_RUNNING)
def test_every_long_running_service(services: dict[str, Service], rule: Callable[[Service], bool]) -> None:
    long_running = {name: service for name, service in services.items() if name not in jobs(services)}
    assert len(long_running) > len(jobs(services))
    assert [name for name, service in long_running.items() if not rule(service)] == []


def test_someone_waits_for_every_first_step(compose: ComposeFile) -> None:
    for profile in ("single", "cluster"):
        services = compose.services(profile)
        assert jobs(services) - awaited(services) == set(), profile


def test_no_service_runs_as_root(checkout: Path, services: dict[str, Service], stages: dict[str, list[Stage]]) -> None:
    builds = {service["image"]: service["build"] for service in services.values() if "build" in service}
    roots = []
    for name, service in services.items():
        build = builds[service["image"]]
        dockerfile = (Path(build["context"]) / build["dockerfile"]).relative_to(checkout)
        if service.get("user", user(stages[str(dockerfile)], build["target"])).partition(":")[0] in {"root", "0"}:
            roots.append(name)
    assert roots == []


def test_no_port_is_published_twice(compose: ComposeFile) -> None:
    taken = {profile: ports_taken_twice(compose.services(profile)) for profile in compose.profiles()}
    assert {profile: ports for profile, ports in taken.items() if ports} == {}
