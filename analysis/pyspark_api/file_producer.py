"""A background thread that writes what it fetches as JSON files, for Spark's file source to read."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType

from analysis.pyspark_api.market import Record, configured_market, price_fetcher
from analysis.pyspark_api.price_files import PriceFiles
from analysis.pyspark_api.showing import show
from pipeline.errors import CoinlakeError, UnusableInputError

log = logging.getLogger(__name__)

Fetch = Callable[[], Sequence[Record]]

STOP_S = 90.0  # the longest a fetch takes: an answer's time limit, and a wait before a retry
_running: dict[Path, FileProducer] = {}


class FileProducer:
    """A running producer; a context manager that stops it at the end of the block."""

    def __init__(self, files: PriceFiles, fetch: Fetch, interval_s: float, close: Callable[[], None]) -> None:
        self.folder = files.folder
        self.files_written = 0
        self.failed_fetches = 0
        self._files, self._fetch, self._interval_s, self._close = files, fetch, interval_s, close
        self._changed = threading.Condition()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"file-producer-{self.folder.name}", daemon=True)
        self._thread.start()

    @property
    def is_running(self) -> bool:
        """Whether files are still to come."""
        return self._thread.is_alive()

    def wait_for_files(self, count: int, timeout_s: float) -> bool:
        """Wait until `count` files were written since the start; return whether they were in time."""
        with self._changed:
            return self._changed.wait_for(lambda: self.files_written >= count, timeout_s)

    def stop(self) -> int:
        """Stop after the fetch under way, if any; return how many files were written."""
        self._stopping.set()
        self._thread.join(STOP_S)
        return self.files_written

    def __enter__(self) -> FileProducer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    def __repr__(self) -> str:
        state = f"a file every {self._interval_s:g} s" if self.is_running else "stopped"
        return f"FileProducer({self.folder}: {state}, {self.files_written} written, {self.failed_fetches} failed)"

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                due = time.monotonic() + self._interval_s
                self._produce()
                self._stopping.wait(max(0.0, due - time.monotonic()))
        finally:
            self._files.close()
            self._close()

    def _produce(self) -> None:
        try:
            self._files.write(self._fetch())
        except Exception as error:  # the next interval tries again, whatever it was
            log.warning("%s: no file: %s", self.folder, error, exc_info=not isinstance(error, CoinlakeError))
            self._files.note(f"failed: {' '.join(str(error).split()) or type(error).__name__}")
            self.failed_fetches += 1
            return
        with self._changed:
            self.files_written += 1
            self._changed.notify_all()


def start_file_producer(
    folder: Path, *, interval_s: float = 60.0, fetch: Fetch | None = None, keep_files: int = 1440
) -> FileProducer:
    """Start a thread that every `interval_s` fetches and writes a JSON file into `folder`; return its handle.

    `fetch` returns records; without one they are bitcoin's current price at the market in use. A file has one record
    a line; it appears whole. A failed fetch is logged, and the next interval tries again. The newest `keep_files`
    files stay, a day of minutes by default: a stream that falls further behind loses what was deleted. `_history.log`
    has a line for each fetch, and is rotated at 1 MB. Starting another producer on the same folder stops the first.

    Raises:
        UnusableInputError: the interval is not above 0, or no file would stay.
    """
    if interval_s <= 0 or keep_files < 1:
        raise UnusableInputError(f"interval_s={interval_s:g} must be above 0, and keep_files={keep_files} at least 1")
    place = folder.resolve()
    former = _running.pop(place, None)
    if former is not None:
        former.stop()
    close = _nothing
    if fetch is None:
        market = configured_market()
        fetch, close = price_fetcher(market), market.close
    producer = _running[place] = FileProducer(PriceFiles(place, keep_files), fetch, interval_s, close)
    show(producer)
    return producer


def _nothing() -> None:
    """Close nothing: the fetch is the caller's."""
