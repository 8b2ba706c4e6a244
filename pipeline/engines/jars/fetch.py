"""Bring the jars of the lock into a home."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from pipeline.engines.jars import artifacts, cache, download, install, progress
from pipeline.engines.jars.artifacts import Artifact

TOOLS = {"maven": ("Maven", download.with_maven), "ivy": ("Ivy", download.with_ivy)}
SERVING_SET = "s3proxy"  # brought for the serving tier alone; it lies beside the others, which stay as they are
PROOF_SET = "byteman"  # brought into lakes that are hurt on purpose: by prove.sh and the integration tests
ON_DEMAND = {SERVING_SET, PROOF_SET}
STAMP = ".lock-sha256"


def fetch(home_jars: Path, lock: Path = artifacts.LOCK, tool: str | None = None, *, serving: bool = True) -> bool:
    """Bring the lock's jars into `home_jars`, those of the serving tier only on demand.

    Returns whether anything was brought that running engines may have read in another version.
    """
    core = _core(lock)
    had_serving = (home_jars / SERVING_SET).is_dir()
    new_core = not _is_stamped(home_jars, core)
    if new_core:
        _bring(core, tool)
        install.install(core, cache.cache_dir(), home_jars)
        _stamp(home_jars, core)
    # A lake that once had the tier keeps its jar up to date: it may be turned on again.
    new_serving = (serving or had_serving) and fetch_set(SERVING_SET, home_jars, lock, tool)
    return new_core or (new_serving and had_serving)


def are_installed(home_jars: Path, lock: Path = artifacts.LOCK) -> bool:
    """Tell whether a home has the lock's jars; those of the serving tier, which it may lack, do not count."""
    return _is_stamped(home_jars, _core(lock))


def fetch_set(jar_set: str, jars: Path, lock: Path = artifacts.LOCK, tool: str | None = None) -> bool:
    """Bring one set into a folder of its name in `jars`, beside what is there; return whether it had to be done."""
    wanted = [one for one in artifacts.read_lock(lock) if one.jar_set == jar_set]
    folder = jars / jar_set
    if not wanted or _is_stamped(folder, wanted):
        return False
    _bring(wanted, tool)
    shutil.rmtree(folder, ignore_errors=True)
    install.add(wanted, cache.cache_dir(), jars)
    _stamp(folder, wanted)
    return True


def _core(lock: Path) -> list[Artifact]:
    return [one for one in artifacts.read_lock(lock) if one.jar_set not in ON_DEMAND]


def _bring(wanted: Sequence[Artifact], tool: str | None) -> None:
    name, downloader = TOOLS[tool] if tool else download.pick()
    with progress.watch(f"jars by {name}", {one.filename for one in wanted}, Console(stderr=True)) as on_line:
        cache.fill(wanted, cache.cache_dir(), downloader, on_line)


def _is_stamped(folder: Path, wanted: Sequence[Artifact]) -> bool:
    stamp = folder / STAMP
    return stamp.exists() and stamp.read_text(encoding="utf-8") == _digest(wanted)


def _stamp(folder: Path, wanted: Sequence[Artifact]) -> None:
    (folder / STAMP).write_text(_digest(wanted), encoding="utf-8")


def _digest(wanted: Sequence[Artifact]) -> str:
    lines = (f"{one.jar_set} {one.coordinates} {one.sha256}\n" for one in wanted)
    return hashlib.sha256("".join(lines).encode()).hexdigest()
