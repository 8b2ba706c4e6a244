"""A token bucket: keeps our calls within what a market allows, before it has to tell us."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class TokenBucket:
    """Lets at most `burst + rate_per_s * t` calls through in any stretch of `t` seconds; safe to share by threads.

    A caller reserves its place under the lock and waits outside it, so callers leave in the order they came and one
    that waits holds nobody up.
    """

    def __init__(
        self,
        rate_per_s: float,
        burst: int,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        if rate_per_s <= 0 or burst < 1:
            raise ValueError(f"a bucket needs a rate above 0 and a burst of 1 or more, not {rate_per_s} and {burst}")
        self._rate = rate_per_s
        self._burst = burst
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._tokens = float(burst)
        self._filled_at = clock()

    @classmethod
    def for_limit(
        cls,
        calls: int,
        window_s: float,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> TokenBucket:
        """Return a bucket that never lets more than `calls` through in any window of `window_s` seconds.

        Half of the calls may come at once; the rate is what is left of the window for the others.
        """
        burst = max(1, calls // 2)
        rate_per_s = max(calls - burst, 0.5) / window_s  # a limit of 1 call: one every two windows
        return cls(rate_per_s, burst, clock, sleep)

    def take(self) -> float:
        """Wait until one more call may be made; return the seconds waited."""
        wait_s = self._reserve()
        if wait_s > 0:
            self._sleep(wait_s)
        return wait_s

    def _reserve(self) -> float:
        with self._lock:
            now = self._clock()
            self._tokens = min(float(self._burst), self._tokens + (now - self._filled_at) * self._rate)
            self._filled_at = now
            self._tokens -= 1
            return max(0.0, -self._tokens / self._rate)
