"""A clock that only its own pauses move, so that the SDK's retries cost no time and are always as many."""

from __future__ import annotations

from databricks.sdk.clock import Clock


class PausesOnly(Clock):
    """Stands still but for `sleep`, which returns at once."""

    def __init__(self) -> None:
        self._now = 0.0

    def time(self) -> float:
        return self._now

    def sleep(self, seconds: float) -> None:
        self._now += seconds
