"""A method that only one thread at a time runs."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec, Protocol, TypeVar


class Lockable(Protocol):
    """An object with a lock of its own, which its methods may take again within one another."""

    lock: threading.RLock


Self = TypeVar("Self", bound=Lockable)
Values = ParamSpec("Values")
Result = TypeVar("Result")


def locked(method: Callable[Concatenate[Self, Values], Result]) -> Callable[Concatenate[Self, Values], Result]:
    """Have a method hold its object's lock."""

    @wraps(method)
    def guarded(self: Self, /, *values: Values.args, **named: Values.kwargs) -> Result:
        with self.lock:
            return method(self, *values, **named)

    return guarded
