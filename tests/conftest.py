"""What every suite shares: the real data beside the checkout, and hypothesis's profile."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings as hypothesis_settings

pytest.register_assert_rewrite("tests.support")  # a helper's assertion shows its values, too

CHECKOUT = Path(__file__).resolve().parent.parent

# No deadline: on a busy two-core machine a slow example says nothing about the code.
hypothesis_settings.register_profile("coinlake", deadline=None, derandomize="CI" in os.environ)
hypothesis_settings.load_profile("coinlake")


@pytest.fixture(scope="session")
def checkout() -> Path:
    """The root of the code under test."""
    return CHECKOUT


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real market data that may not be committed; tests that want it skip where it is absent."""
    folder = CHECKOUT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("no real market data in ../shared/data")
    return folder
