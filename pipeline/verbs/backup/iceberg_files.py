"""Iceberg's own metadata files read and moved without a catalog or a JVM: metadata JSON, manifest list, manifests.

They hold absolute paths. A table that moves to another HDFS gets them rewritten, and keeps all else: ids of its columns
and snapshot, sequence numbers, statistics of each file.
"""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

import fastavro

from pipeline.verbs.backup.errors import BackupError

CODEC = "deflate"  # as Iceberg writes them
DELETED = 2  # the status of an entry whose file the snapshot no longer holds
DATA = 0  # the content of a manifest or file; all others only list deleted rows
Metadata = dict[str, Any]


@dataclass(frozen=True)
class Move:
    """A table's way from one location to another."""

    name: str
    old: str
    new: str

    def __call__(self, path: str) -> str:
        """Return where a file of the table will lie.

        Raises:
            BackupError: it lies outside the table's folder.
        """
        return f"{self.new}/{relative(self.name, self.old, path)}"


def relative(name: str, location: str, path: str) -> str:
    """Return a file's path within its table's folder.

    Raises:
        BackupError: it lies elsewhere.
    """
    if not path.startswith(f"{location}/"):
        raise BackupError(f"{name}: the file {path} is not in the table's folder {location}")
    return path[len(location) + 1 :]


@dataclass(frozen=True)
class Avro:
    """An Avro file: what its header says beside schema and codec, and its records."""

    schema: Any
    header: Mapping[str, str]
    records: list[dict[str, Any]]

    @classmethod
    def read(cls, content: bytes) -> Avro:
        """Read a file."""
        reader = fastavro.reader(io.BytesIO(content))
        header = {name: value for name, value in reader.metadata.items() if not name.startswith("avro.")}
        schema = json.loads(reader.metadata["avro.schema"])
        return cls(schema, header, cast(list[dict[str, Any]], list(reader)))

    def to_bytes(self) -> bytes:
        """Return the file's content."""
        content = io.BytesIO()
        fastavro.writer(content, self.schema, self.records, codec=CODEC, metadata=dict(self.header))
        return content.getvalue()


@dataclass(frozen=True)
class ListedFile:
    """A data file as a manifest lists it."""

    path: str
    size: int
    rows: int


def snapshot_of(metadata: Metadata, snapshot: int | None = None) -> Metadata | None:
    """Return a snapshot by its id, by default the current one; None where nothing was written yet."""
    wanted = metadata.get("current-snapshot-id") if snapshot is None else snapshot
    return next((each for each in metadata.get("snapshots", ()) if each["snapshot-id"] == wanted), None)


def manifests_of(name: str, manifest_list: bytes) -> list[str]:
    """Return the paths of a snapshot's manifests.

    Raises:
        BackupError: the snapshot has files that only list deleted rows.
    """
    records = Avro.read(manifest_list).records
    if any(record.get("content", DATA) != DATA for record in records):
        # Such files hold the paths of others. Our writers rewrite files instead.
        raise BackupError(
            f"{name} has files that only list deleted rows, which another writer must have made: rewrite its data files"
        )
    return [str(record["manifest_path"]) for record in records]


def data_files_of(manifest: bytes) -> Iterator[ListedFile]:
    """Yield the data files that a manifest adds to a snapshot."""
    for record in Avro.read(manifest).records:
        if record["status"] != DELETED:
            file = record["data_file"]
            yield ListedFile(file["file_path"], file["file_size_in_bytes"], file["record_count"])


def moved_manifest(manifest: bytes, move: Callable[[str], str]) -> bytes:
    """Return a manifest whose files lie elsewhere."""
    avro = Avro.read(manifest)
    for record in avro.records:
        record["data_file"]["file_path"] = move(record["data_file"]["file_path"])
    return avro.to_bytes()


def moved_manifest_list(manifest_list: bytes, move: Callable[[str], str], sizes: Mapping[str, int]) -> bytes:
    """Return a manifest list whose manifests lie elsewhere; `sizes` has the new ones' bytes by their old paths."""
    avro = Avro.read(manifest_list)
    for record in avro.records:
        record["manifest_length"] = sizes[record["manifest_path"]]
        record["manifest_path"] = move(record["manifest_path"])
    return avro.to_bytes()


def moved_metadata(
    metadata: Metadata, snapshot: int | None, move: Callable[[str], str], marks: Mapping[str, str]
) -> Metadata:
    """Return the metadata of the table with this snapshot alone; `marks` are added to its summary."""
    kept = [] if snapshot is None else [_moved_snapshot(metadata, snapshot, move, marks)]
    history = [entry for entry in metadata.get("snapshot-log", ()) if entry["snapshot-id"] == snapshot]
    refs = {"main": {"snapshot-id": snapshot, "type": "branch"}} if kept else {}
    return {
        **metadata,
        "location": move(f"{metadata['location']}/").rstrip("/"),
        "current-snapshot-id": -1 if snapshot is None else snapshot,
        "snapshots": kept,
        "refs": refs,
        "snapshot-log": history[-1:],
        "metadata-log": [],
        "statistics": [],
        "partition-statistics": [],
    }


def _moved_snapshot(
    metadata: Metadata, snapshot: int, move: Callable[[str], str], marks: Mapping[str, str]
) -> Metadata:
    found = snapshot_of(metadata, snapshot)
    if found is None:
        raise BackupError(f"the table's metadata lacks the snapshot {snapshot}")
    return {**found, "manifest-list": move(found["manifest-list"]), "summary": {**found["summary"], **marks}}
