"""The leaves of `ForecastError`, in the tree that `pipeline/errors.py` draws."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches

from pipeline.errors import ForecastError


class HistoryError(ForecastError):
    """A history of prices cannot be forecast; the message names the days at fault."""

    def __init__(self, what: str, fault: str) -> None:
        super().__init__(f"{what}: {fault}")


class PlanError(ForecastError):
    """An evaluation asks for more than the history has, or for what makes no sense."""

    def __init__(self, given: str, expected: str) -> None:
        super().__init__(f"{given}: expected {expected}")


class UnknownModelError(ForecastError):
    """There is no forecast model of that name; the message names those that there are."""

    def __init__(self, name: str, known: Sequence[str]) -> None:
        near = get_close_matches(name.lower(), known, n=2)
        hint = f", did you mean {' or '.join(map(repr, near))}?" if near else "."
        super().__init__(f"no model {name!r}{hint} There are {', '.join(known)}.")


class ModelError(ForecastError):
    """A forecast model failed on a history."""

    def __init__(self, model: str, origin: str, cause: str) -> None:
        super().__init__(f"model {model} failed on the days up to {origin}: {cause}")
