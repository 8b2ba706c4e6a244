"""Where backups are kept: a folder of this machine, or an S3 bucket. A file is there whole or not at all."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from pipeline.serving.clients import bucket_faults, open_bucket
from pipeline.settings import Settings
from pipeline.settings.serving import BucketSettings
from pipeline.verbs.backup.errors import BackupError

if TYPE_CHECKING:
    from pyarrow.fs import S3FileSystem

BUCKET = "s3://"
PART = ".part"
CHUNK = 1 << 20


class Store(Protocol):
    """Files by their paths; each method raises `CoinlakeError` when the place is away, refuses or is full."""

    place: str

    def sizes(self, folder: str = "") -> dict[str, int]:
        """Return the bytes of each file below a folder."""
        ...

    def read(self, path: str) -> Iterator[bytes]:
        """Yield a file's content."""
        ...

    def write(self, path: str, content: Iterable[bytes]) -> None:
        """Make or replace a file, which is safe on return."""
        ...

    def delete(self, path: str) -> None:
        """Delete a file."""
        ...

    def room(self) -> int | None:
        """Return how many bytes are free; None where nobody says."""
        ...


def open_store(target: str, settings: Settings) -> Store:
    """Return the store at `target`, a folder or s3://BUCKET[/PREFIX] with the keys of the settings."""
    if not target.startswith(BUCKET):
        return FolderStore(Path(target).expanduser().absolute())
    name, _, prefix = target.removeprefix(BUCKET).partition("/")
    if not name:
        raise BackupError(f"{target} names no bucket: s3://BUCKET or s3://BUCKET/PREFIX")
    return BucketStore(replace(settings.serving.bucket, name=name), prefix.strip("/"))


class FolderStore:
    """A folder; files appear under their names when all of them is on the disk."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.place = str(folder)

    def sizes(self, folder: str = "") -> dict[str, int]:
        """Return the bytes of each file below a folder."""
        found = (Path(top, name) for top, _, names in os.walk(self._folder / folder) for name in names)
        whole = (file for file in found if not file.name.endswith(PART))
        return {file.relative_to(self._folder).as_posix(): file.stat().st_size for file in whole}

    def read(self, path: str) -> Iterator[bytes]:
        """Yield a file's content."""
        try:
            with (self._folder / path).open("rb") as file:
                while chunk := file.read(CHUNK):
                    yield chunk
        except OSError as error:
            raise BackupError(str(error)) from None

    def write(self, path: str, content: Iterable[bytes]) -> None:
        """Make or replace a file, which is safe on return."""
        target = self._folder / path
        part = target.with_name(f"{target.name}{PART}")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with part.open("wb") as file:
                file.writelines(content)
                file.flush()
                os.fsync(file.fileno())
            part.replace(target)
            _sync_folder(target.parent)
        except OSError as error:
            raise BackupError(f"{target} cannot be written: {error.strerror}") from None
        finally:
            with suppress(OSError):
                part.unlink()

    def delete(self, path: str) -> None:
        """Delete a file, and folders that are empty then."""
        file = self._folder / path
        file.unlink(missing_ok=True)
        for folder in file.parents:
            if folder == self._folder or any(folder.iterdir()):
                break
            folder.rmdir()

    def room(self) -> int | None:
        """Return how many bytes are free."""
        there = next(place for place in (self._folder, *self._folder.parents) if place.exists())
        return shutil.disk_usage(there).free


class BucketStore:
    """A bucket, or what is below a prefix in it."""

    def __init__(self, bucket: BucketSettings, prefix: str) -> None:
        self._bucket = bucket
        self._root = f"{bucket.name}/{prefix}" if prefix else bucket.name
        self._store: S3FileSystem = open_bucket(bucket)
        self.place = f"{BUCKET}{self._root}"

    def sizes(self, folder: str = "") -> dict[str, int]:
        """Return the bytes of each object below a folder."""
        from pyarrow.fs import FileSelector, FileType

        selector = FileSelector(f"{self._root}/{folder}".rstrip("/"), recursive=True, allow_not_found=True)
        with bucket_faults(self._bucket):
            infos = self._store.get_file_info(selector)
        return {info.path[len(self._root) + 1 :]: int(info.size) for info in infos if info.type is FileType.File}

    def read(self, path: str) -> Iterator[bytes]:
        """Yield an object's content."""
        with bucket_faults(self._bucket), self._store.open_input_stream(f"{self._root}/{path}") as stream:
            while chunk := stream.read(CHUNK):
                yield chunk

    def write(self, path: str, content: Iterable[bytes]) -> None:
        """Make or replace an object.

        One whose content ended early is closed with what came: it is not listed anywhere, and is replaced by the next.
        """
        with bucket_faults(self._bucket), self._store.open_output_stream(f"{self._root}/{path}") as stream:
            for chunk in content:
                stream.write(chunk)

    def delete(self, path: str) -> None:
        """Delete an object."""
        with bucket_faults(self._bucket):
            self._store.delete_file(f"{self._root}/{path}")

    def room(self) -> int | None:
        """Return nothing: a bucket does not say."""
        return None


def _sync_folder(folder: Path) -> None:
    """Bring a folder's names to the disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
