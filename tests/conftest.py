"""What every suite shares: the real data beside the checkout, and hypothesis's profile."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings as hypothesis_settings

pytest.register_assert_rewrite("tests.support")  # a helper's assertion shows its values, too

REAL_EXPORT = "daily/coingecko_btc-usd-max_20130428_20260113.csv"
CHECKOUT = Path(__file__).resolve().parent.parent

# No deadline: on a busy two-core machine a slow example says nothing about the code.
hypothesis_settings.register_profile("coinlake", deadline=None, derandomize="CI" in os.environ)
hypothesis_settings.load_profile("coinlake")


@pytest.fixture(scope="session")
def checkout() -> Path:
    """The root of the code under test."""
    return CHECKOUT


@pytest.fixture(scope="session")
def history_file(checkout: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The daily prices that a set-up is given: the real export where it is at hand, else one made here."""
    from tests.support.history import write_export  # once its assertions are rewritten, as registered above

    real = checkout.parent / "shared" / "data" / REAL_EXPORT
    return real if real.exists() else write_export(tmp_path_factory.mktemp("history") / "btc-usd-max.csv")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Real market data that may not be committed; tests that want it skip where it is absent."""
    folder = CHECKOUT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip("no real market data in ../shared/data")
    return folder
