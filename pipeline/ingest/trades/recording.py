"""Recorded sessions: a line of JSON for each frame with the time it came at, its source and its text."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import IO, NamedTuple

from pipeline.errors import BadDataError
from pipeline.markets import COINBASE

Sleep = Callable[[float], None]


class Recorded(NamedTuple):
    """A frame of a session; `received_us` is in microseconds since 1970."""

    frame: bytes
    received_us: int
    source: str


class Recorder:
    """Writes a new file, compressed if its name ends in .gz."""

    def __init__(self, path: Path, source: str) -> None:
        """Make the file; raise `OSError` when that cannot be, also because it is there."""
        self._source = source
        self._file = _open(path, "xt")
        self.frames = 0

    def write(self, frame: bytes, received_us: int) -> None:
        """Append a frame; bytes that are no text are kept, too."""
        text = frame.decode("utf-8", "surrogateescape")
        self._file.write(json.dumps({"received_us": received_us, "source": self._source, "frame": text}) + "\n")
        self.frames += 1

    def close(self) -> None:
        """Write the rest."""
        self._file.close()


def read_recording(path: Path) -> Iterator[Recorded]:
    """Yield the frames of a recording; one that was cut off ends at its last whole line.

    Raises:
        BadDataError: a line in its middle is no recorded frame.
        OSError: the file cannot be read.
    """
    with _open(path, "rt") as file:
        for number, line in enumerate(_whole_lines(file), start=1):
            try:
                body = json.loads(line)
                frame = body["frame"].encode("utf-8", "surrogateescape")
                yield Recorded(frame, int(body["received_us"]), str(body.get("source", COINBASE)))
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise BadDataError(
                    "recording", f"{path}: line {number} is no recorded frame: {line[:100]!r}"
                ) from error


def paced(
    frames: Iterator[Recorded], speed: float, clock: Callable[[], float] = time.monotonic, sleep: Sleep = time.sleep
) -> Iterator[Recorded]:
    """Yield each frame when it is due; `speed` is how many times faster than it was, infinite for at once."""
    start_us: int | None = None
    started = clock()
    for one in frames:
        start_us = one.received_us if start_us is None else start_us
        wait_s = (one.received_us - start_us) / 1e6 / speed - (clock() - started)
        if wait_s > 0:
            sleep(wait_s)
        yield one


def _whole_lines(file: IO[str]) -> Iterator[str]:
    try:
        yield from (line for line in file if line.endswith("\n"))
    except EOFError:  # a compressed file whose writer was killed
        return


def _open(path: Path, mode: str) -> IO[str]:
    if path.name.endswith(".gz"):
        return gzip.open(path, mode, encoding="utf-8")  # type: ignore[return-value]  # text, by its mode
    return path.open(mode, encoding="utf-8")
