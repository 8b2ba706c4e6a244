"""What says that a restore into this home has begun and not ended: such a lake must not start."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from pipeline.run_files import write_json
from pipeline.settings import Settings
from pipeline.verbs.backup.errors import UnfinishedRestoreError


@dataclass(frozen=True)
class Restoring:
    """Which backup is being restored, and from where."""

    backup: str
    place: str

    def begin(self, settings: Settings) -> None:
        """Note that it has begun."""
        write_json(_file(settings), asdict(self))


def under_way(settings: Settings) -> Restoring | None:
    """Return the restore that has not ended; None where there is none."""
    try:
        return Restoring(**json.loads(_file(settings).read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None


def end(settings: Settings) -> None:
    """Note that the restore is done."""
    _file(settings).unlink()


def require_none(settings: Settings) -> None:
    """Return if the lake may start.

    Raises:
        UnfinishedRestoreError: it holds a part of a backup.
    """
    if found := under_way(settings):
        raise UnfinishedRestoreError(found.backup, found.place)


def _file(settings: Settings) -> Path:
    return settings.data_dir / "restore.json"
