"""Which engine the tests get, and why there is none."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.support.docker import debian
from tests.support.docker.commands import CommandError
from tests.support.docker_engine import DockerUnavailableError, docker_engine
from tests.support.programs import Programs


def docker_that_fails_at(programs: Programs, words: str) -> Path:
    """Write a client that notes what it is asked and refuses one command; return the notes' file."""
    notes = programs.folder / "asked"
    programs.write("docker", f'echo "$*" >> {notes}', f'case "$*" in {words}*) exit 1 ;; esac')
    return notes


def why_none(home: Path, environment: Mapping[str, str]) -> str:
    """Return the reason for there being no engine."""
    with pytest.raises(DockerUnavailableError) as caught, docker_engine(home, environment):
        pytest.fail("there is an engine")
    return str(caught.value)


def test_engine_that_answers_is_used_as_it_is(programs: Programs, tmp_path: Path) -> None:
    notes = docker_that_fails_at(programs, "nothing")
    environment = os.environ | {"DOCKER_HOST": "unix:///theirs", "COMPOSE_FILE": "theirs.yml"}
    with docker_engine(tmp_path / "home", environment) as engine:
        assert not engine.is_ours
        assert engine.env["DOCKER_HOST"] == "unix:///theirs"
        assert "COMPOSE_FILE" not in engine.env  # it would take the place of ours
    assert notes.read_text().splitlines() == ["info", "compose version", "image inspect debian:bookworm-slim"]
    assert not (tmp_path / "home").exists()


def test_missing_base_image_is_pulled(programs: Programs, tmp_path: Path) -> None:
    notes = docker_that_fails_at(programs, "image\\ inspect")
    with docker_engine(tmp_path, os.environ):
        assert notes.read_text().splitlines()[-1] == "pull --quiet debian:bookworm-slim"


@pytest.mark.parametrize(
    ("refused", "reason"),
    [
        ("info", "no Docker engine answers, and "),
        ("compose", "the Docker client here has no compose v2, and "),
        ("*image*|pull", "the Docker engine here has no debian:bookworm-slim and cannot pull it, and "),
    ],
)
def test_skip_says_what_an_engine_lacks(programs: Programs, tmp_path: Path, refused: str, reason: str) -> None:
    docker_that_fails_at(programs, refused)
    environment = {"PATH": os.environ["PATH"]}
    assert why_none(tmp_path, environment) == f"{reason}{debian.reason_not_to_install(environment)}"


def test_client_that_fails_tells_what_it_said(programs: Programs, tmp_path: Path) -> None:
    programs.write("docker", 'case "$1" in build) echo "step 3: no" >&2; exit 17 ;; esac')
    with docker_engine(tmp_path, os.environ) as engine:
        with pytest.raises(CommandError, match=r"docker build \.: exit code 17\nstep 3: no"):
            engine.docker("build", ".")
        done = engine.run("build", ".")
    assert (done.returncode, done.stdout) == (17, "step 3: no\n")
