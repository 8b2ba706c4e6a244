from __future__ import annotations

import pytest

from pipeline.ingest.scheduler.api import create_app
from tests.support.scheduler_api import FakeTicker, api_parts


@pytest.fixture
def ticker():
    return FakeTicker()


@pytest.fixture
def deps(tmp_path, ticker):
    with api_parts(tmp_path, ticker) as parts:
        yield parts


@pytest.fixture
def client(deps):
    return create_app(deps).test_client()
