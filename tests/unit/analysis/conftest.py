"""The module under test, on a Presto that answers what a test tells it to."""

from __future__ import annotations

from typing import Any

import pytest

from analysis.lake import Lake, connect
from pipeline.settings import load_settings
from tests.support.fake_presto import FakePresto


@pytest.fixture
def lake(presto: FakePresto, tmp_path: Any) -> Lake:
    """The module under test, pointed at that server."""
    return connect(load_settings({"COINLAKE_HOME": str(tmp_path), "PRESTO_URL": presto.url}))
