"""Bring the jars of the lock into a home."""

from __future__ import annotations

import hashlib
from pathlib import Path

from rich.console import Console

from pipeline.engines.jars import artifacts, cache, download, install, progress

TOOLS = {"maven": ("Maven", download.with_maven), "ivy": ("Ivy", download.with_ivy)}


def fetch(home_jars: Path, lock: Path = artifacts.LOCK, tool: str | None = None) -> bool:
    """Bring the lock's jars into `home_jars`; return whether anything had to be done."""
    stamp = home_jars / ".lock-sha256"
    wanted = hashlib.sha256(lock.read_bytes()).hexdigest()
    if stamp.exists() and stamp.read_text(encoding="utf-8") == wanted:
        return False
    locked = artifacts.read_lock(lock)
    name, downloader = TOOLS[tool] if tool else download.pick()
    with progress.watch(f"jars by {name}", {one.filename for one in locked}, Console(stderr=True)) as on_line:
        cache.fill(locked, cache.cache_dir(), downloader, on_line)
    install.install(locked, cache.cache_dir(), home_jars)
    stamp.write_text(wanted, encoding="utf-8")
    return True
