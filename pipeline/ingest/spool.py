"""Records on disk for as long as Kafka does not take them: read again in the order in which they were written.

A segment is a file of records, each with its length and its checksum before it. A process that dies in the middle of a
write leaves a torn record at a segment's end. Bytes without a whole record, there or in the middle, are logged and
skipped; reading resumes at the next good record. Segments of a former process are only read, never written to.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from pathlib import Path

from pipeline.ingest.records import OPENING, PREFIX, Record, decode, encode, find_record

log = logging.getLogger(__name__)

SEGMENT_BYTES = 16 * 1024 * 1024
WRITE_BYTES = 64 * 1024  # what is kept back to be written at once
READ_BYTES = 4 * 1024 * 1024  # more than the longest record
SUFFIX = ".spool"

Position = tuple[int, int]
"""A segment's number, and the offset of a record in it."""


class Spool:
    """A queue on disk; not safe for threads.

    A full disk is no error: what cannot be written stays in memory, `stuck` is true, and each call tries again.
    """

    def __init__(self, folder: Path, segment_bytes: int = SEGMENT_BYTES) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder, self._segment_bytes = folder, segment_bytes
        self._sizes = {int(file.stem): file.stat().st_size for file in sorted(folder.glob(f"*{SUFFIX}"))}
        self._next = max(self._sizes, default=0) + 1
        self._pending = bytearray()
        self._file: int | None = None  # of the segment that is written to, the newest
        self._dirty = False
        self.position: Position = (min(self._sizes, default=self._next), 0)
        self.stuck = False

    @property
    def size(self) -> int:
        """Return how many bytes are kept."""
        return sum(self._sizes.values()) + len(self._pending)

    @property
    def unread(self) -> bool:
        """Tell whether there is more to read."""
        number, offset = self.position
        last = max(self._sizes, default=0)
        return bool(self._pending) or number < last or (number == last and offset < self._sizes[last])

    def append(self, record: Record) -> None:
        """Put a record at the end; it is safe once `sync` has returned."""
        self._pending += encode(record)
        if len(self._pending) >= WRITE_BYTES:
            self._write()

    def read(self, limit: int) -> list[Record]:
        """Return the next records, at most `limit`, and move `position` behind them."""
        self._write()
        found: list[Record] = []
        while self.unread and len(found) < limit:
            number, offset = self.position
            records, used = decode(self._chunk(number, offset), limit - len(found))
            found += records
            if used:
                self.position = (number, offset + used)
            elif not self._skip_spoilt(number, offset):
                break
        return found

    def forget(self, position: Position) -> None:
        """Delete the segments that lie before `position` as a whole."""
        number, offset = position
        if offset and offset == self._sizes.get(number) and position == self.position and not self.unread:
            self._end_segment()
            self.position = (number + 1, 0)
            number += 1
        done = [one for one in self._sizes if one < number]
        if done:
            self.sync()  # what was put back because it was not delivered is still needed
        if self.stuck:
            return
        for one in done:
            (self._folder / f"{one:012d}{SUFFIX}").unlink(missing_ok=True)
            del self._sizes[one]

    def sync(self) -> None:
        """Bring everything to the disk itself; `stuck` tells whether that failed."""
        self._attempt(self._write_and_sync)

    def close(self) -> None:
        """Sync and close; what is kept is there for the next start."""
        self.sync()
        self._end_segment()

    @property
    def _writing(self) -> int | None:
        return None if self._file is None else self._next - 1

    def _write(self) -> None:
        self._attempt(self._write_all)

    def _attempt(self, write: Callable[[], None]) -> None:
        try:
            write()
        except OSError as error:
            if not self.stuck:
                log.error(
                    "the spool cannot be written: %s; its last %d bytes wait in memory", error, len(self._pending)
                )
            self.stuck = True
        else:
            self.stuck = False

    def _write_and_sync(self) -> None:
        self._write_all()
        if self._file is not None and self._dirty:
            os.fsync(self._file)
            self._dirty = False

    def _write_all(self) -> None:
        while self._pending:
            self._write_some()

    def _write_some(self) -> None:
        file = self._begin_segment() if self._file is None else self._file
        written = os.write(file, self._pending)
        del self._pending[:written]
        self._dirty = True
        self._sizes[self._next - 1] += written
        if not self._pending and self._sizes[self._next - 1] >= self._segment_bytes:
            self._write_and_sync()
            self._end_segment()

    def _begin_segment(self) -> int:
        path = self._folder / f"{self._next:012d}{SUFFIX}"
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o644)
        self._sizes[self._next] = 0
        self._next += 1
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)  # so that the file's name is safe, too
        finally:
            os.close(folder)
        return self._file

    def _end_segment(self) -> None:
        if self._file is not None:
            os.close(self._file)
            self._file = None

    def _chunk(self, number: int, offset: int) -> bytes:
        if number not in self._sizes:
            return b""
        with (self._folder / f"{number:012d}{SUFFIX}").open("rb") as file:
            file.seek(offset)
            return file.read(READ_BYTES)

    def _skip_spoilt(self, number: int, offset: int) -> bool:
        """Move `position` to the next record that may be whole; return False if one is still being written there."""
        chunk, end = self._chunk(number, offset), self._sizes.get(number, offset)
        if number == self._writing and self._pending and find_record(chunk, 0) == 0:
            return False  # the rest of its last record could not be written yet
        found = find_record(chunk, 1)
        if found is not None:
            skipped = found
        elif offset + len(chunk) < end:
            skipped = len(chunk) - len(OPENING) - PREFIX.size + 1  # a record may begin in the last bytes
        else:
            skipped = end - offset
        if skipped:
            log.warning("spool segment %d: skipped %d bytes at %d: no whole record", number, skipped, offset)
        is_last = number == self._writing or found is not None or offset + skipped < end
        self.position = (number, offset + skipped) if is_last else (self._after(number), 0)
        return True

    def _after(self, number: int) -> int:
        return min((one for one in self._sizes if one > number), default=self._next)
