"""Recurring work beside the streams: run when due, one after another in a thread, whatever happens to the others."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from pipeline.stream.readers import Readers

log = logging.getLogger(__name__)

# While nobody reads. The first query ends it: it finds more files, and sums of a minute ago that are soon up to date.
RESTING_S = 60.0
LONGEST_WAIT_S = 600.0
"""A chore that keeps failing waits twice as long after each failure, up to this or its own interval."""


@dataclass(frozen=True)
class Chore:
    """Something to do `interval_s` after it was last done; with nothing new to work on it costs next to nothing.

    While nobody reads the lake, what only makes reading quick or fresh may be done every `resting_s` instead.
    """

    name: str
    interval_s: float
    run: Callable[[], object]
    resting_s: float = 0.0


class ChoreRunner:
    """Runs chores that share a thread; one that fails is logged with its traceback and retried later."""

    def __init__(
        self,
        chores: Iterable[Chore],
        stop: threading.Event,
        readers: Readers,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._stop = stop
        self._readers = readers
        self._clock = clock
        self._done = dict.fromkeys(chores, clock())
        self._failures: dict[Chore, int] = {}

    @property
    def failing(self) -> dict[str, int]:
        """How often in succession each failing chore has failed, by name."""
        return {chore.name: count for chore, count in self._failures.items()}

    def loop(self) -> None:
        """Run chores when they are due, until the stop."""
        while not self._stop.is_set():
            self._readers.pause(max(0.0, min(self._due_times().values()) - self._clock()))
            self.run_due()

    def run_due(self) -> None:
        """Run each chore that is due, the longest overdue first."""
        due = self._due_times()
        for chore in sorted(due, key=due.__getitem__):
            if due[chore] <= self._clock() and not self._stop.is_set():
                self._run(chore)
                self._done[chore] = self._clock()

    def _due_times(self) -> dict[Chore, float]:
        are_here = self._readers.are_here
        return {chore: done + self._wait_s(chore, are_here=are_here) for chore, done in self._done.items()}

    def _wait_s(self, chore: Chore, *, are_here: bool) -> float:
        """Return how long after its last run the chore is due."""
        usual_s = chore.interval_s if are_here else max(chore.interval_s, chore.resting_s)
        if failures := self._failures.get(chore, 0):
            return max(usual_s, min(chore.interval_s * 2.0**failures, LONGEST_WAIT_S))
        return usual_s

    def _run(self, chore: Chore) -> None:
        try:
            chore.run()
        except Exception:
            if self._stop.is_set():  # the session is closing
                return
            self._failures[chore] = self._failures.get(chore, 0) + 1
            wait_s = self._wait_s(chore, are_here=self._readers.are_here)
            log.exception(
                "%s failed (%d times in succession); retried in %.0f s", chore.name, self._failures[chore], wait_s
            )
        else:
            self._failures.pop(chore, None)
