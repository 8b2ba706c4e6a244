"""A job's files on Databricks: in a volume of Unity Catalog, or on DBFS where a workspace still has it."""

from __future__ import annotations

import base64
import io
import logging
import uuid
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import BinaryIO

import requests
from databricks.sdk import WorkspaceClient
from tenacity import before_sleep_log, retry, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from analysis.jobs.databricks.workspace import step
from analysis.jobs.errors import JobOutputError, NotFoundError, WorkspaceError
from analysis.jobs.price_file import completed

log = logging.getLogger(__name__)
DBFS = "dbfs:"
DBFS_FOLDER = "dbfs:/tmp"
BLOCK_BYTES = 512 * 1024  # a DBFS call takes 1 MB
DOWNLOADS = 3  # attempts


class CutOffError(Exception):
    """A download ended early."""


def find_folder(workspace: WorkspaceClient, volume: str) -> str:
    """Return the folder for jobs' files: the volume, or without one `dbfs:/tmp`, if a probe can write there.

    Raises:
        WorkspaceError: there is no volume and no DBFS; the message says what to set.
    """
    if volume:
        return volume
    probe = f"{DBFS_FOLDER}/coinlake-probe-{uuid.uuid4().hex[:8]}"
    try:
        with step(workspace, "write to DBFS"):
            workspace.dbfs.put(probe, contents="", overwrite=True)
            workspace.dbfs.delete(probe)
    except WorkspaceError as error:
        wanted = "set DATABRICKS_VOLUME=/Volumes/CATALOG/SCHEMA/VOLUME (CREATE VOLUME makes one in the SQL editor)"
        raise type(error)("find a place for the job's files", f"{error}. Or {wanted}") from error
    return DBFS_FOLDER


def mounted(path: str) -> str:
    """Return the path under which a notebook sees a file."""
    return f"/dbfs{path.removeprefix(DBFS)}" if path.startswith(DBFS) else path


def upload_to_dbfs(workspace: WorkspaceClient, source: Path | bytes, target: str) -> None:
    """Write a file, or bytes, to `target`: `/Volumes/...` or `dbfs:/...`; what is there is replaced.

    Raises:
        WorkspaceError: the volume does not exist, may not be written, or another cause.
    """
    content = source if isinstance(source, bytes) else source.read_bytes()
    with step(workspace, f"upload {target}"):
        if target.startswith(DBFS):
            workspace.dbfs.upload(target, io.BytesIO(content), overwrite=True)
        else:
            workspace.files.upload(target, io.BytesIO(content), overwrite=True)


def download_from_dbfs(workspace: WorkspaceClient, source: str, target: Path) -> Path:
    """Fetch a file from `/Volumes/...` or `dbfs:/...`; `target` appears only when it is whole.

    Raises:
        JobOutputError: there is no such file, or each of three downloads was cut off.
        WorkspaceError: Databricks refuses it.
    """
    with completed(target) as part:
        try:
            with step(workspace, f"download {source}"):
                _fetch(workspace, source, part)
        except NotFoundError as error:
            raise JobOutputError(target.name, f"{source} was not written by the notebook") from error
        except CutOffError as error:
            raise JobOutputError(target.name, f"the download was cut off {DOWNLOADS} times, last {error}") from None
    return target


def list_names(workspace: WorkspaceClient, folder: str) -> list[str]:
    """Return the names of the files in a folder; one that is not there has none.

    Raises:
        WorkspaceError: Databricks refuses it.
    """
    with suppress(NotFoundError), step(workspace, f"list {folder}"):
        if folder.startswith(DBFS):
            paths = [entry.path for entry in workspace.dbfs.list(folder)]
        else:
            paths = [entry.path for entry in workspace.files.list_directory_contents(folder)]
        return [PurePosixPath(path).name for path in paths if path]
    return []


@retry(
    retry=retry_if_exception_type(CutOffError),
    stop=stop_after_attempt(DOWNLOADS),
    wait=wait_random_exponential(multiplier=0.2, max=5),
    before_sleep=before_sleep_log(log, logging.WARNING),
    reraise=True,
)
def _fetch(workspace: WorkspaceClient, source: str, target: Path) -> None:
    if source.startswith(DBFS):
        expected = workspace.dbfs.get_status(source).file_size
        blocks = _dbfs_blocks(workspace, source)
    else:
        answer = workspace.files.download(source)
        expected, blocks = answer.content_length, _stream(answer.contents)
    size = 0
    with target.open("wb") as file:
        try:
            for block in blocks:
                size += file.write(block)
        except requests.RequestException as error:
            raise CutOffError(f"after {size} of {expected} bytes ({type(error).__name__})") from None
    if expected is not None and size < expected:  # more is no fault: a compressed answer states its own length
        raise CutOffError(f"after {size} of {expected} bytes")


def _stream(contents: BinaryIO | None) -> Iterator[bytes]:
    if contents is None:
        return
    with contents:
        while block := contents.read(BLOCK_BYTES):
            yield block


def _dbfs_blocks(workspace: WorkspaceClient, source: str) -> Iterator[bytes]:
    offset = 0
    while block := base64.b64decode(workspace.dbfs.read(source, offset=offset, length=BLOCK_BYTES).data or ""):
        yield block
        offset += len(block)


def remove_files(workspace: WorkspaceClient, folder: str) -> None:
    """Delete a job's folder with its files; what is not there is no error.

    Raises:
        WorkspaceError: Databricks refuses it, or the folder has folders.
    """
    if folder.startswith(DBFS):
        with step(workspace, f"delete {folder}"):
            workspace.dbfs.delete(folder, recursive=True)
        return
    for path in [f"{folder}/{name}" for name in list_names(workspace, folder)]:
        with suppress(NotFoundError), step(workspace, f"delete {path}"):
            workspace.files.delete(path)
    with suppress(NotFoundError), step(workspace, f"delete {folder}"):
        workspace.files.delete_directory(folder)
