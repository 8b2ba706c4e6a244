"""Asking something that may hang: in a thread that does not keep the program from ending."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from threading import Thread
from typing import TypeVar

T = TypeVar("T")


def in_background(ask: Callable[[], T]) -> Future[T]:
    """Ask in such a thread; whoever waits for the answer gets what `ask` returned or raised."""
    future: Future[T] = Future()
    future.set_running_or_notify_cancel()  # a question that was asked cannot be taken back: `cancel` does nothing

    def run() -> None:
        try:
            future.set_result(ask())
        except Exception as error:  # noqa: BLE001  a thread's boundary: handed to who waits for the answer
            future.set_exception(error)

    Thread(target=run, daemon=True).start()
    return future
