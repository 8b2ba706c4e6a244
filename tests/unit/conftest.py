"""What the unit tests of several folders share."""

from __future__ import annotations

from collections.abc import Iterator
from threading import Thread

import pytest

from tests.support.fake_presto import FakePresto


@pytest.fixture
def presto() -> Iterator[FakePresto]:
    """A Presto that says what the test tells it to."""
    server = FakePresto()
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()
