"""Somebody who reads a growing table through Presto all the time, and minds what is seen."""

from __future__ import annotations

import threading
from types import TracebackType

from tests.support.trading import Session

PAUSE_S = 0.5  # between two questions: without it the reader alone takes half a core


class TableReader:
    """Counts a session's trades again and again, in a thread, while the block runs.

    Rows are only ever added, each once: so no answer may hold fewer than the one before, or a trade twice, or be an
    error.
    """

    def __init__(self, session: Session) -> None:
        self.answers = 0
        self.faults: list[str] = []
        self._session = session
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._read, name="reader", daemon=True)

    def __enter__(self) -> TableReader:
        """Begin to read."""
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        """Let the query under way finish."""
        self._stop.set()
        self._thread.join(90)

    def _read(self) -> None:
        known = 0
        while not self._stop.is_set():
            try:
                rows, keys = self._session.counts()
            except Exception as error:  # noqa: BLE001 - whatever a user would see
                self.faults.append(repr(error))
                continue
            if rows != keys:
                self.faults.append(f"{rows} rows of {keys} trades")
            if keys < known:
                self.faults.append(f"{keys} trades after {known}")
            known = keys
            self.answers += 1
            self._stop.wait(PAUSE_S)
