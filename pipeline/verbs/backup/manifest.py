"""What a backup holds: its manifest, a JSON file that is written last."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from pipeline.verbs.backup.errors import BackupError

FORMAT = 1
"""Grows when an older Coinlake could not read the manifest any more; all formats up to this one are read."""

PREFIX, SUFFIX = "backup-", ".json"


@dataclass(frozen=True)
class Checked:
    """What identifies a file's content."""

    size: int
    sha256: str


Files = Mapping[str, Checked]
"""Files by their path in the store."""


@dataclass(frozen=True)
class TableBackup:
    """One Iceberg table as of one snapshot, None before its first; `rows` and `checksum` are Presto's.

    `location` was its folder in HDFS. `metadata` is the path of its metadata JSON in the store; `data` are those of its
    data files, whose manifests and list the metadata name.
    """

    name: str
    location: str
    snapshot: int | None
    rows: int
    checksum: str | None
    metadata: str
    data: tuple[str, ...]


@dataclass(frozen=True)
class Manifest:
    """One backup; `home` maps the paths of local files in the home to those in the store."""

    made_at: str  # ISO 8601, UTC
    tables: tuple[TableBackup, ...]
    home: Mapping[str, str]
    files: Files

    @property
    def rows(self) -> int:
        """The rows of all tables."""
        return sum(table.rows for table in self.tables)

    @property
    def size(self) -> int:
        """The bytes of all files."""
        return sum(file.size for file in self.files.values())

    def to_json(self) -> str:
        """Return the manifest's text."""
        fields = {
            "format": FORMAT,
            "made_at": self.made_at,
            "tables": [asdict(table) for table in self.tables],
            "home": dict(self.home),
            "files": files_to_json(self.files),
        }
        return json.dumps(fields, separators=(",", ":"))


def name_at(now: datetime) -> str:
    """Return the name of a backup's manifest; by name they are in the order of their time."""
    return f"{PREFIX}{now:%Y%m%dT%H%M%SZ}{SUFFIX}"


def is_manifest(name: str) -> bool:
    """Tell a manifest from all else in a store."""
    return name.startswith(PREFIX) and name.endswith(SUFFIX)


def read_manifest(name: str, text: str) -> Manifest:
    """Read a manifest's text.

    Raises:
        BackupError: it is none, or one of a newer Coinlake.
    """
    try:
        fields = json.loads(text)
        found = fields["format"]
    except (ValueError, TypeError, KeyError):
        raise BackupError(f"{name} is no manifest of a backup") from None
    if found not in range(1, FORMAT + 1):
        raise BackupError(f"{name} has format {found}, this Coinlake reads up to {FORMAT}: restore it with a newer one")
    try:
        tables = tuple(_table(each) for each in fields["tables"])
        return Manifest(fields["made_at"], tables, fields["home"], files_from_json(fields["files"]))
    except (ValueError, TypeError, KeyError) as error:
        raise BackupError(f"{name} is no manifest of a backup: {error!r}") from None


def files_to_json(files: Files) -> dict[str, list[Any]]:
    """Return files as a manifest lists them."""
    return {path: [file.size, file.sha256] for path, file in sorted(files.items())}


def files_from_json(listed: Mapping[str, Iterable[Any]]) -> dict[str, Checked]:
    """Read files as a manifest lists them."""
    return {path: Checked(*values) for path, values in listed.items()}


def _table(fields: Mapping[str, Any]) -> TableBackup:
    return TableBackup(**{**fields, "data": tuple(fields["data"])})
