"""A thread beside the feed that does its work again and again until it is stopped."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod


class SideThread(ABC):
    """Calls `_step` until the stop; what is left then waits, on disk, for the next start of the service."""

    def __init__(self, name: str, first_wait_s: float) -> None:
        self._first_wait_s = first_wait_s
        self._stop = threading.Event()
        # A daemon: an answer that is slow to come must not hold up the service's end.
        self._thread = threading.Thread(target=self._loop, name=name, daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self, timeout_s: float) -> None:
        """Stop after what is in hand, or leave that undone if it takes longer than the timeout."""
        self._stop.set()
        self._thread.join(timeout_s)

    @abstractmethod
    def _step(self) -> float:
        """Work once, never raising; return how many seconds later to work again."""

    def _loop(self) -> None:
        wait_s = self._first_wait_s
        while not self._stop.wait(wait_s):
            wait_s = self._step()
