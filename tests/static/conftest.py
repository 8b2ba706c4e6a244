"""What the static checks look at."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.repository import Repository


@pytest.fixture(scope="session")
def repository(checkout: Path) -> Repository:
    """The files of this checkout."""
    return Repository(checkout)
