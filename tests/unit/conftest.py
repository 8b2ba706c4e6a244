"""What the unit tests of several folders share."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.fake_presto import FakePresto
from tests.support.served import served


@pytest.fixture
def presto() -> Iterator[FakePresto]:
    """A Presto that says what the test tells it to."""
    server = FakePresto()
    with served(server):
        yield server
