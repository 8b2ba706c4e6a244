"""Everything about a running lake that could grow without end, at one moment."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx

from bench.memory import service_pids, tree_mb
from pipeline.settings import Settings

TIMEOUT_S = 60.0
EDITS, IMAGE = "edits_", "fsimage_"
HDFS_FOLDERS = ("/", "/warehouse", "/checkpoints")

Sample = dict[str, float]
"""Figures by name, such as `folder data/kafka MB`."""


def take(settings: Settings, hours: float) -> Sample:
    """Measure all; `hours` is how long the soak has been going."""
    return {
        "hours": round(hours, 4),
        **folder_sizes(settings),
        **edit_log(settings.data_dir / "namenode" / "current"),
        **hdfs_counts(settings),
        **{f"memory {name} PSS MB": tree_mb(pid)["pss_mb"] for name, pid in service_pids(settings).items()},
    }


def folder_sizes(settings: Settings) -> Sample:
    """Return bytes and files of each data folder, of the logs and of the rest of the home but for what never grows."""
    folders = [*sorted(path for path in settings.data_dir.iterdir() if path.is_dir()), settings.log_dir]
    folders += [folder for folder in (settings.run_dir, settings.home / "uploads") if folder.is_dir()]
    sizes: Sample = {}
    for folder in folders:
        files = [size for _, size in file_sizes(folder)]
        name = folder.relative_to(settings.home)
        sizes |= {f"folder {name} MB": round(sum(files) / 1e6, 3), f"folder {name} files": len(files)}
    return sizes


def file_sizes(folder: Path) -> Iterator[tuple[Path, int]]:
    """Yield every file below a folder with its size; files that vanish meanwhile are left out."""
    for parent, _, names in os.walk(folder):
        for name in names:
            path = Path(parent, name)
            try:
                yield path, path.lstat().st_size
            except OSError:
                continue


def edit_log(folder: Path) -> Sample:
    """Return what the NameNode would read at a restart, and keeps beside it."""
    files = list(file_sizes(folder))
    edits = [size for path, size in files if path.name.startswith(EDITS)]
    images = [size for path, size in files if path.name.startswith(IMAGE) and path.suffix != ".md5"]
    return {
        "namenode edits files": len(edits),
        "namenode edits MB": round(sum(edits) / 1e6, 3),
        "namenode image MB": round(max(images, default=0) / 1e6, 3),
    }


def hdfs_counts(settings: Settings) -> Sample:
    """Return files, folders and bytes in HDFS, of all and of the folders that the lake writes."""
    counts: Sample = {}
    for path in HDFS_FOLDERS:
        summary = _content_summary(settings, path)
        counts |= {
            f"hdfs {path} files": summary["fileCount"],
            f"hdfs {path} folders": summary["directoryCount"],
            f"hdfs {path} MB": round(summary["length"] / 1e6, 3),
        }
    return counts


def _content_summary(settings: Settings, path: str) -> Any:  # noqa: ANN401  JSON
    url = f"{settings.lake.hdfs_http_url}/webhdfs/v1{path}?op=GETCONTENTSUMMARY"
    return httpx.get(url, timeout=TIMEOUT_S).raise_for_status().json()["ContentSummary"]
