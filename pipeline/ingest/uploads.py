"""CSV files that a user sends: kept under the hash of their content, so that the same content is the same file."""

from __future__ import annotations

import errno
import hashlib
import uuid
from pathlib import Path
from typing import IO

from pipeline.errors import RequestError

PIECE_BYTES = 1 << 20


def imports_dir(data_dir: Path) -> Path:
    """Return where the files are kept."""
    return data_dir / "scheduler" / "imports"


def import_path(data_dir: Path, sha256: str) -> Path:
    """Return where the file of this content is kept."""
    return imports_dir(data_dir) / f"{sha256}.csv"


def keep_upload(body: IO[bytes], data_dir: Path, max_bytes: int) -> str:
    """Write the body to its place without ever holding it in memory; return the SHA-256 of the content.

    Raises:
        RequestError: 413 when longer than `max_bytes`, 400 when empty, 507 when the disk is full.
    """
    folder = imports_dir(data_dir)
    folder.mkdir(parents=True, exist_ok=True)
    part = folder / f"{uuid.uuid4().hex}.part"
    try:
        sha256 = _copy(body, part, max_bytes)
        part.replace(import_path(data_dir, sha256))
    except OSError as error:
        if error.errno not in {errno.ENOSPC, errno.EDQUOT}:
            raise
        raise RequestError(f"no space left for the file in {folder}", status=507) from error
    finally:
        part.unlink(missing_ok=True)
    return sha256


def _copy(body: IO[bytes], part: Path, max_bytes: int) -> str:
    digest, size = hashlib.sha256(), 0
    with part.open("wb") as file:
        while piece := body.read(PIECE_BYTES):
            size += len(piece)
            if size > max_bytes:
                raise RequestError(f"the file is larger than {max_bytes:,} bytes (COINLAKE_CSV_MAX_MB)", status=413)
            digest.update(piece)
            file.write(piece)
    if size == 0:
        raise RequestError("the file is empty")
    return digest.hexdigest()
