"""The engine that the container tests share: the one that answers, or one of the tests' own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.containers import build_images
from tests.support.docker_engine import DockerUnavailableError, Engine, docker_engine
from tests.support.turns import wait_for_turn


@pytest.fixture(scope="session")
def test_home() -> Path:
    """The folder of this run of the tests."""
    home = os.environ.get("COINLAKE_TEST_HOME")
    if not home:
        pytest.fail("run me by tests/run.sh containers", pytrace=False)
    return Path(home)


@pytest.fixture(scope="session")
def engine(test_home: Path) -> Iterator[Engine]:
    """A Docker engine with Compose v2 and the base image; without one the tests skip and say why."""
    try:
        with docker_engine(test_home) as engine:
            yield engine
    except DockerUnavailableError as reason:
        pytest.skip(str(reason))


@pytest.fixture(scope="session")
def ready_engine(engine: Engine, test_home: Path) -> Engine:
    """The engine with the images of this checkout, once a lake may be brought up in it."""
    build_images(engine, test_home / "images")
    wait_for_turn(test_home)
    return engine
