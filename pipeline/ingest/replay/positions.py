"""How far each replay has come: a small file for each, replaced as a whole when Kafka has acknowledged more."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from pipeline.ingest.replay.rows import START, Place
from pipeline.run_files import write_json

KEPT = 200  # positions, the newest; one has 200 bytes


@dataclass(frozen=True)
class Position:
    """What Kafka has: all rows up to number `done`, of a block that begins at `place`; and how many of which kind."""

    place: Place = START
    done: int = 0
    candles: int = 0
    bad: int = 0
    is_finished: bool = False


class PositionFile:
    """The position of one replay: of one content, into one incarnation of the topic, with one label and span."""

    def __init__(self, folder: Path, key: Sequence[str]) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.key = hashlib.sha256(json.dumps(list(key)).encode()).hexdigest()[:32]
        self.folder = folder
        self._file = folder / f"{self.key}.json"

    def read(self) -> Position:
        """Return the position; the start where none can be read."""
        try:
            found = json.loads(self._file.read_text(encoding="utf-8"))
            return Position(**{**found, "place": Place(*found["place"])})
        except (OSError, ValueError, TypeError, KeyError):
            return Position()

    def write(self, position: Position) -> None:
        """Replace the position."""
        write_json(self._file, asdict(position))

    def drop_old(self) -> None:
        """Delete the positions of replays that nobody has continued for longest, and their locks."""
        files = sorted(self.folder.glob("*.json"), key=lambda file: file.stat().st_mtime, reverse=True)
        for file in files[KEPT:]:
            file.unlink(missing_ok=True)
            file.with_suffix(".lock").unlink(missing_ok=True)
