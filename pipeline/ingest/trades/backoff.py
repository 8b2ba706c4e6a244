"""When to try again, and when silence means that a connection is dead: pure logic, the time is given."""

from __future__ import annotations

import random
from collections.abc import Callable

FIRST_S, LONGEST_S = 0.5, 30.0
HEALTHY_S = 60.0
SILENCE_S = 10.0  # heartbeats come each second


class Backoff:
    """Exponential waits with full jitter, without an end; a connection that held for a minute resets them."""

    def __init__(self, uniform: Callable[[float, float], float] = random.uniform) -> None:
        self._uniform = uniform
        self._failures = 0

    def wait_s(self, held_s: float) -> float:
        """Return how long to wait after a connection that held for `held_s` seconds (0: it was never made)."""
        if held_s >= HEALTHY_S:
            self._failures = 0
        ceiling = min(LONGEST_S, FIRST_S * 2.0 ** min(self._failures, 10))
        self._failures += 1
        return self._uniform(0.0, ceiling)


class SilenceWatch:
    """Notices that no frame came for a while; asked now and then, so that a frame costs nothing."""

    def __init__(self, now: float, limit_s: float = SILENCE_S) -> None:
        self._limit_s = limit_s
        self._frames, self._since = 0, now

    def is_silent(self, frames: int, now: float, *, is_reading: bool = True) -> bool:
        """Tell whether the count of frames has stood still for too long; while we do not read, that means nothing."""
        if frames != self._frames or not is_reading:
            self._frames, self._since = frames, now
        return now - self._since >= self._limit_s
