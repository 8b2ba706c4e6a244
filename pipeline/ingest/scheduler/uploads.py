"""CSV files that a user sends: kept under the hash of their content until no unfinished job needs them."""

from __future__ import annotations

import errno
import hashlib
import logging
import threading
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from pipeline.errors import RequestError

log = logging.getLogger(__name__)

PIECE_BYTES = 1 << 20


class Uploads:
    """The folder of the files; bounded by what the unfinished jobs need."""

    def __init__(self, data_dir: Path, max_bytes: int, in_use: Callable[[], set[str]]) -> None:
        """Take the folder over: no other process writes to it. `in_use` returns the contents of unfinished jobs."""
        self.folder = data_dir / "scheduler" / "imports"
        self.folder.mkdir(parents=True, exist_ok=True)
        self._max_bytes, self._in_use = max_bytes, in_use
        self._lock = threading.Lock()
        self._arriving: Counter[str] = Counter()  # kept, but not a job yet

    def path(self, sha256: str) -> Path:
        """Return where the file of this content is kept."""
        return self.folder / f"{sha256}.csv"

    @contextmanager
    def kept(self, body: IO[bytes]) -> Iterator[str]:
        """Write the body to its place without ever holding it in memory; yield the SHA-256 of its content.

        The file outlives the block only as long as an unfinished job needs it.

        Raises:
            RequestError: 413 when longer than the limit, 400 when empty, 507 when the disk is full.
        """
        sha256 = self._keep(body)
        try:
            yield sha256
        finally:
            with self._lock:
                self._arriving[sha256] -= 1
            self.sweep()

    def sweep(self, *, at_start: bool = False) -> None:
        """Delete files that nobody needs; `at_start` also what a killed process left half-written."""
        with self._lock:
            needed = self._in_use() | set(+self._arriving)
            for file in self.folder.iterdir():
                if (file.suffix == ".csv" and file.stem not in needed) or (at_start and file.suffix != ".csv"):
                    log.info("deleting %s: no job needs it", file.name)
                    file.unlink(missing_ok=True)

    def _keep(self, body: IO[bytes]) -> str:
        part = self.folder / f"{uuid.uuid4().hex}.part"
        try:
            sha256 = self._copy(body, part)
            with self._lock:
                self._arriving[sha256] += 1
                part.replace(self.path(sha256))
        except OSError as error:
            if error.errno not in {errno.ENOSPC, errno.EDQUOT}:
                raise
            raise RequestError(f"no space left for the file in {self.folder}", status=507) from error
        finally:
            part.unlink(missing_ok=True)
        return sha256

    def _copy(self, body: IO[bytes], part: Path) -> str:
        digest, size = hashlib.sha256(), 0
        with part.open("wb") as file:
            while piece := body.read(PIECE_BYTES):
                size += len(piece)
                if size > self._max_bytes:
                    limit = f"{self._max_bytes:,} bytes (COINLAKE_CSV_MAX_MB)"
                    raise RequestError(f"the file is larger than {limit}", status=413)
                digest.update(piece)
                file.write(piece)
        if size == 0:
            raise RequestError("the file is empty")
        return digest.hexdigest()
