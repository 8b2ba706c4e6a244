"""Where a driver keeps its shuffle files and cached blocks; a killed one leaves its own behind."""

from __future__ import annotations

import fcntl
import os
import shutil
from pathlib import Path

PREFIX = "driver-"
UNCLAIMED = ("blockmgr-*", "spark-*")
"""Spark's own folders, which drivers before this one shared."""


def local_dir(data_dir: Path) -> Path:
    """Return this process's folder."""
    return data_dir / "spark" / f"{PREFIX}{os.getpid()}"


def claim_local_dir(data_dir: Path) -> None:
    """Delete the folders of drivers that have ended, then make this process's own and hold it until the process ends.

    A lock says whether a driver lives, for the kernel frees it however the process ends: a process id may be in use
    again, and means nothing in another container.
    """
    root = data_dir / "spark"
    for folder in root.glob(f"{PREFIX}*"):
        if (lock := _lock(folder)) is not None:
            shutil.rmtree(folder, ignore_errors=True)
            os.close(lock)
    for pattern in UNCLAIMED:
        for folder in root.glob(pattern):
            shutil.rmtree(folder, ignore_errors=True)
    own = local_dir(data_dir)
    own.mkdir(parents=True, exist_ok=True)
    _lock(own)


def _lock(folder: Path) -> int | None:
    """Return the descriptor that holds the folder's lock as long as it is open; None if another one has it."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor
