"""The jars that a single engine is started from; `tests/run.sh` brings them."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.settings import load_settings


@pytest.fixture(scope="session")
def jar_dir() -> Path:
    """The jars in the home of the tests' lake; no more of the lake is needed."""
    found = load_settings().jar_dir
    if not (found / "spark").is_dir():
        pytest.fail(f"no jars in {found}: run me by tests/run.sh engines", pytrace=False)
    return found
