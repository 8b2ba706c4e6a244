"""What a check is, and how checks are run: one after the other, each within its time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from pipeline.errors import CoinlakeError
from pipeline.settings import Settings
from pipeline.verbs.background import in_background

LIMIT_S = 15.0  # a service's own limit for an operation is 10 s


class State(StrEnum):
    """What a check came to."""

    PASS = "PASS"  # noqa: S105 - no password
    WARN = "WARN"  # the lake works; it may not for long
    FAIL = "FAIL"
    SKIP = "SKIP"  # it could not be looked at, or does not concern this lake


@dataclass(frozen=True)
class Finding:
    """What was found, in words; those of WARN and FAIL end with the remedy."""

    state: State
    words: str

    @classmethod
    def of(cls, faults: Iterable[str], fine: str, state: State = State.FAIL) -> Finding:
        """Return a finding with a line for each fault, PASS where there is none."""
        lines = list(faults)
        return cls(state, "\n".join(lines)) if lines else cls(State.PASS, fine)


@dataclass(frozen=True)
class Check:
    """One question to a lake. The id never changes: messages, notes and scripts name it.

    `look` raises `CoinlakeError` where that says what is wrong. A check is skipped where one that it `needs` failed.
    """

    id: str
    title: str
    look: Callable[[Settings], Finding]
    needs: tuple[str, ...] = ()
    limit_s: float = LIMIT_S


@dataclass(frozen=True)
class Result:
    """A check's finding, and how many seconds it took."""

    id: str
    title: str
    state: State
    words: str
    seconds: float


def examine(checks: Iterable[Check], settings: Settings) -> Iterator[Result]:
    """Yield the result of each check as it is known; needed checks come before those that need them."""
    states: dict[str, State] = {}
    for check in checks:
        begun = time.monotonic()
        finding = _in_the_way(check, states) or _look(check, settings)
        states[check.id] = finding.state
        yield Result(check.id, check.title, finding.state, finding.words, round(time.monotonic() - begun, 3))


def _in_the_way(check: Check, states: Mapping[str, State]) -> Finding | None:
    lacking = [name for name in check.needs if states.get(name, State.PASS) in {State.FAIL, State.SKIP}]
    return Finding(State.SKIP, f"needs {', '.join(lacking)}") if lacking else None


def _look(check: Check, settings: Settings) -> Finding:
    future = in_background(lambda: check.look(settings))
    try:
        return future.result(check.limit_s)
    except TimeoutError:
        return Finding(State.FAIL, f"no answer within {check.limit_s:g} s")
    except CoinlakeError as error:
        return Finding(State.FAIL, str(error))
    except Exception as error:  # noqa: BLE001  one check's own fault must not hide what the others find
        return Finding(State.FAIL, f"the check itself failed: {type(error).__name__}: {error}")
