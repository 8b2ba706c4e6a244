"""Bringing one table of a backup into HDFS: its files first, then the metadata that name them."""

from __future__ import annotations

import json
from collections.abc import Iterator

from pipeline.spark.appending import summaries_in
from pipeline.spark.maintenance import marks_in
from pipeline.verbs.backup.errors import DamagedBackupError
from pipeline.verbs.backup.hdfs_files import HdfsFiles
from pipeline.verbs.backup.iceberg_files import (
    Metadata,
    Move,
    manifests_of,
    moved_manifest,
    moved_manifest_list,
    moved_metadata,
    relative,
    snapshot_of,
)
from pipeline.verbs.backup.manifest import Files, TableBackup
from pipeline.verbs.backup.pinning import columns_of, store_path
from pipeline.verbs.backup.stores import Store
from pipeline.verbs.backup.transfers import Hashed


class CheckedStore:
    """A store whose files are compared with what the manifest says of them."""

    def __init__(self, store: Store, files: Files) -> None:
        self._store = store
        self._files = files
        self.place = store.place

    def size(self, path: str) -> int:
        """Return a file's bytes."""
        return self._files[path].size

    def chunks(self, path: str) -> Iterator[bytes]:
        """Yield a file's content; the end of it only once all of it has proved right, so that no copy is whole else.

        Raises:
            DamagedBackupError: it is not what was backed up.
        """
        if path not in self._files:
            raise DamagedBackupError(self.place, path, "is not listed")
        content = Hashed(self._store.read(path))
        kept_back = b""
        for chunk in content:
            if kept_back:
                yield kept_back
            kept_back = chunk
        if (content.size, content.sha256) != (self._files[path].size, self._files[path].sha256):
            raise DamagedBackupError(self.place, path, "has another checksum than when it was written")
        yield kept_back

    def content(self, path: str) -> bytes:
        """Return a file's content, checked."""
        return b"".join(self.chunks(path))


class TableRestore:
    """One table's way from the store into this lake's HDFS, into the folder `location`."""

    def __init__(self, store: CheckedStore, hdfs: HdfsFiles, table: TableBackup, location: str) -> None:
        self.schema = table.name.split(".")[1]
        self.backup = table
        self.location = location
        self._store = store
        self._hdfs = hdfs
        self._move = Move(table.name, table.location, location)
        self._metadata: Metadata = json.loads(store.content(table.metadata))

    @property
    def columns(self) -> list[str]:
        """The names of the table's columns."""
        return columns_of(self._metadata)

    def missing(self) -> list[str]:
        """Return the data files that are not in HDFS yet, by their paths in the store; a cut one is too short."""
        there = self._hdfs.sizes(self.location)
        return [path for path in self.backup.data if there.get(self._target(path)) != self.size(path)]

    def size(self, path: str) -> int:
        """Return a data file's bytes."""
        return self._store.size(path)

    def bring(self, path: str) -> None:
        """Copy a data file into HDFS.

        Raises:
            DamagedBackupError: it is not the file that was backed up; what came of it is deleted.
        """
        target = self._target(path)
        try:
            self._hdfs.write(target, self.size(path), self._store.chunks(path))
        except DamagedBackupError:
            self._hdfs.delete(target)
            raise

    def bring_metadata(self) -> str:
        """Write manifests, their list and the metadata JSON for the new place; return where the last one lies."""
        marks = marks_in(list(summaries_in(self._metadata)))
        moved = moved_metadata(self._metadata, self.backup.snapshot, self._move, marks)
        snapshot = snapshot_of(self._metadata, self.backup.snapshot)
        if self.backup.snapshot is not None and snapshot is not None:
            self._bring_manifests(snapshot["manifest-list"])
        target = f"{self.location}/metadata/00000-{self._metadata['table-uuid']}.metadata.json"
        self._write(target, json.dumps(moved).encode())
        return target

    def _bring_manifests(self, list_path: str) -> None:
        content = self._stored(list_path)
        sizes = {}
        for path in manifests_of(self.backup.name, content):
            manifest = moved_manifest(self._stored(path), self._move)
            sizes[path] = len(manifest)
            self._write(self._move(path), manifest)
        self._write(self._move(list_path), moved_manifest_list(content, self._move, sizes))

    def _stored(self, uri: str) -> bytes:
        """Return the content of a file by the place that it had in HDFS."""
        return self._store.content(store_path(self.backup.name, relative(self.backup.name, self.backup.location, uri)))

    def _target(self, path: str) -> str:
        return f"{self.location}/{path.removeprefix(store_path(self.backup.name, ''))}"

    def _write(self, target: str, content: bytes) -> None:
        self._hdfs.write(target, len(content), [content])
