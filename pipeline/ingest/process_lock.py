"""One process of a kind for each lake."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import IO

from pipeline.errors import AlreadyRunningError


def only_one(run_dir: Path, service: str) -> IO[str]:
    """Hold the lock that exactly one process of a service can have; the kernel frees it however the process ends.

    Raises:
        AlreadyRunningError: another one runs.
    """
    run_dir.mkdir(parents=True, exist_ok=True)
    file = (run_dir / f"{service}.lock").open("a+", encoding="utf-8")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.seek(0)
        holder = file.read().strip() or "unknown"
        file.close()
        raise AlreadyRunningError(service, holder, str(run_dir.parent)) from None
    file.truncate(0)
    file.write(f"{os.getpid()}\n")
    file.flush()
    return file
