"""Notices a stream that hangs: a batch that never ends keeps its query active, and no error is ever raised."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from pipeline.errors import StalledStreamError

log = logging.getLogger(__name__)

LIMIT_S = 900.0
"""How long a batch may take. The size of a batch has a limit, and the longest time-out on its way, the metastore's, is
600 s: what takes longer does not wait for anything that will still answer."""

LONGEST_S = 8 * LIMIT_S
"""The limit doubles with each restart that a batch causes, up to this: a batch that is slow, not hung, gets done."""


@dataclass(frozen=True)
class QueryState:
    """What a query says of itself.

    `report` identifies its newest progress report, None before the first; `is_working` is false between two triggers.
    """

    name: str
    report: str | None
    is_working: bool


class Watchdog:
    """Remembers when each query last showed a sign of life: a new report, or a pause between two triggers.

    An idle query reports every 10 s. The limits that earlier stalls have doubled are in `file`, until the query's first
    report after the restart.
    """

    def __init__(self, file: Path, now: float) -> None:
        self._file = file
        self._start = now
        self._raised = _read_limits(file)
        self._seen: dict[str, tuple[str | None, float]] = {}

    def look(self, states: Iterable[QueryState], now: float) -> None:
        """Note the states; `now` is a monotonic time in seconds.

        Raises:
            StalledStreamError: a query has worked on one batch for longer than its limit.
        """
        for state in states:
            report, since = self._seen.get(state.name, (None, self._start))
            if state.report is not None and self._raised.pop(state.name, None) is not None:
                self._write_limits()
            if not state.is_working or state.report != report:
                self._seen[state.name] = (state.report, now)
            elif now - since > (limit := self._raised.get(state.name, LIMIT_S)):
                self._raised[state.name] = min(2 * limit, LONGEST_S)
                self._write_limits()
                raise StalledStreamError(state.name, now - since)

    def _write_limits(self) -> None:
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            self._file.write_text(json.dumps(self._raised), encoding="utf-8")
        except OSError as error:  # the next limit is then the usual one
            log.warning("%s not written: %s", self._file, error)


def _read_limits(file: Path) -> dict[str, float]:
    """Return the limits by query; none where the file is missing or cut short by a full disk."""
    try:
        return {str(name): float(limit) for name, limit in json.loads(file.read_text(encoding="utf-8")).items()}
    except (OSError, ValueError, AttributeError):
        return {}
