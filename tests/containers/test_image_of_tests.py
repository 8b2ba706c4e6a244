"""The image of the tests: built as `docker compose` builds it, the unit tests pass in it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.docker_engine import Engine

BUILD_S = 1200
SOME = "tests/unit/pipeline/events"
ALL = "tests/unit"


@pytest.mark.parametrize("tests", [SOME, pytest.param(ALL, marks=pytest.mark.long)])
def test_unit_tests_pass_in_their_image(engine: Engine, checkout: Path, tests: str) -> None:
    compose = ("compose", "--project-directory", str(checkout), "--project-name", "coinlake-unit-tests")
    engine.docker(*compose, "build", "tests", seconds=BUILD_S)
    try:
        done = engine.run(*compose, "run", "--rm", "tests", "-q", tests, seconds=BUILD_S)
    finally:
        engine.docker(*compose, "--profile", "tests", "down", "--volumes")
    assert done.returncode == 0, done.stdout
    assert " passed" in done.stdout
