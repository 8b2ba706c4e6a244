"""Moving many files at once; the first failure, or Ctrl-C, ends the rest."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import TypeVar

T = TypeVar("T")

WORKERS = 4  # a small file costs HDFS some ms of waiting, and no processor time


def for_each(items: Iterable[T], work: Callable[[T], object], after: Callable[[T], object]) -> None:
    """Do the work for each item, several at a time, and call `after` here when one is done; raise what fails."""
    pool = ThreadPoolExecutor(WORKERS)
    try:
        pending = {pool.submit(work, item): item for item in items}
        for done in as_completed(pending):
            done.result()
            after(pending[done])
    finally:
        pool.shutdown(cancel_futures=True)


class Hashed:
    """Bytes that pass through: their number and SHA-256 are known once all have come."""

    def __init__(self, content: Iterable[bytes]) -> None:
        self._content = content
        self._hash = hashlib.sha256()
        self.size = 0

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._content:
            self._hash.update(chunk)
            self.size += len(chunk)
            yield chunk

    @property
    def sha256(self) -> str:
        """The hash of what has come, in hexadecimal digits."""
        return self._hash.hexdigest()


class Progress:
    """Adds up bytes that several threads have moved."""

    def __init__(self, total: int, advance: Callable[[int, int, str], None]) -> None:
        self._total = total
        self._advance = advance
        self._done = 0
        self._lock = threading.Lock()

    def add(self, size: int) -> None:
        """Note so many bytes more."""
        with self._lock:
            self._done += size
            self._advance(self._done, self._total, f"{self._done / 1e6:,.0f} of {self._total / 1e6:,.0f} MB")
