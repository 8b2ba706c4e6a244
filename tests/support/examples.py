"""How many examples a property is tried with, where each costs seconds of Spark."""

from __future__ import annotations

import os

LONG = "COINLAKE_TEST_LONG"  # set by the runner for `all`


def examples(usual: int, *, long: int) -> int:
    """Return the usual number, or that of a run of all tests."""
    return long if os.environ.get(LONG) else usual
