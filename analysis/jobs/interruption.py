"""SIGINT and SIGTERM end a job by an exception, and wait while it cleans up."""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

log = logging.getLogger(__name__)
SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Interrupted(KeyboardInterrupt):  # no error: like its base it must pass `except Exception`
    """A signal asked the job to end."""

    def __init__(self, number: int) -> None:
        super().__init__(f"ended by {signal.Signals(number).name}")
        self.number = number


class SignalGate:
    """Raises `Interrupted` at the first signal; after that, or once it is held, signals are only logged."""

    def __init__(self) -> None:
        self.held = False

    def hold(self) -> None:
        """Let no signal interrupt from here on; one that came at this very moment still does, here."""
        self.held = True

    def on_signal(self, number: int, _frame: FrameType | None) -> None:
        """Handle a signal."""
        if self.held:
            log.warning("cleaning up; this takes a moment")
            return
        self.held = True  # before the raise: a second signal must not catch the cleanup on its way
        raise Interrupted(number)


@contextmanager
def interruptible() -> Iterator[SignalGate]:
    """Have signals answered by a gate within the block; elsewhere than in the main thread none arrive."""
    gate = SignalGate()
    if threading.current_thread() is not threading.main_thread():
        yield gate
        return
    before = {number: signal.signal(number, gate.on_signal) for number in SIGNALS}
    try:
        yield gate
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
