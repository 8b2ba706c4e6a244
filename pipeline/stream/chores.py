"""Recurring work beside the streams: run when due, one after another in a thread, whatever happens to the others."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

log = logging.getLogger(__name__)

LONGEST_WAIT_S = 600.0
"""A chore that keeps failing waits twice as long after each failure, up to this or its own interval."""


@dataclass(frozen=True)
class Chore:
    """Something to do `interval_s` after it was last done; with nothing new to work on it costs next to nothing."""

    name: str
    interval_s: float
    run: Callable[[], None]


class ChoreRunner:
    """Runs chores that share a thread; one that fails is logged with its traceback and retried later."""

    def __init__(
        self, chores: Iterable[Chore], stop: threading.Event, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._stop = stop
        self._clock = clock
        self._due = {chore: clock() + chore.interval_s for chore in chores}
        self._failures: dict[str, int] = {}

    @property
    def failing(self) -> dict[str, int]:
        """How often in succession each failing chore has failed, by name."""
        return dict(self._failures)

    def loop(self) -> None:
        """Run chores when they are due, until the stop."""
        while not self._stop.wait(max(0.0, min(self._due.values()) - self._clock())):
            self.run_due()

    def run_due(self) -> None:
        """Run each chore that is due, the longest overdue first."""
        for chore in sorted(self._due, key=self._due.__getitem__):
            if self._due[chore] <= self._clock() and not self._stop.is_set():
                wait_s = self._run(chore)
                self._due[chore] = self._clock() + wait_s

    def _run(self, chore: Chore) -> float:
        """Run the chore and return after how many seconds it is due again."""
        try:
            chore.run()
        except Exception:
            if self._stop.is_set():  # the session is closing
                return chore.interval_s
            failures = self._failures.get(chore.name, 0) + 1
            self._failures[chore.name] = failures
            wait_s = max(chore.interval_s, min(chore.interval_s * 2.0**failures, LONGEST_WAIT_S))
            log.exception("%s failed (%d times in succession); retried in %.0f s", chore.name, failures, wait_s)
            return wait_s
        self._failures.pop(chore.name, None)
        return chore.interval_s
