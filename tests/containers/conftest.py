"""The engine that the container tests share: the one that answers, or one of the tests' own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.docker_engine import DockerUnavailableError, Engine, docker_engine


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
