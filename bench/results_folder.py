"""Where measurements are kept: a JSON file each below `bench/results/`, with the machine it was taken on."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

import psutil

from pipeline.settings import CHECKOUT

FOLDER = CHECKOUT / "bench" / "results"


def new_file(name: str) -> Path:
    """Return a new file's path: `name-` and the time in UTC."""
    return FOLDER / f"{name}-{datetime.now(UTC):%Y%m%dT%H%M%SZ}.json"


def machine() -> dict[str, object]:
    """Return what a figure depends on: cores, memory, and how many programs wanted a core in the last minutes."""
    return {
        "cores": psutil.cpu_count() or 1,
        "memory_mb": psutil.virtual_memory().total // 1_000_000,
        "load": [round(load, 2) for load in os.getloadavg()],
    }


def save(path: Path, figures: Mapping[str, object]) -> None:
    """Write the figures; a file that is there is replaced as a whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    part.replace(path)
