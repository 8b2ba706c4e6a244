"""When a message is tried again, and when it is given up: pure logic, times are given."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class RetryPolicy:
    """At most `attempts`, none later than `total_s` after the message was put into the outbox.

    Waits double from `first_wait_s` up to `longest_wait_s`, each shortened by up to a half at random, so that messages
    which failed together do not come back together.
    """

    attempts: int = 100
    total_s: float = 86_400.0
    first_wait_s: float = 1.0
    longest_wait_s: float = 900.0
    uniform: Callable[[float, float], float] = random.uniform

    def wait_s(self, attempts: int, age_s: float, asked_s: float | None) -> float | None:
        """Return how long to wait after so many failed attempts; None: give up.

        `asked_s` is what the receiver wants (Retry-After): an earlier attempt would be in vain.
        """
        if attempts >= self.attempts:
            return None
        usual = min(self.longest_wait_s, self.first_wait_s * 2.0 ** min(attempts - 1, 30))
        wait = max(self.uniform(usual / 2, usual), asked_s or 0.0)
        return wait if age_s + wait <= self.total_s else None
