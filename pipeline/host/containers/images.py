"""The images of this checkout: are they built from the code as it is, and if not, build them."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from pipeline.errors import ServiceError
from pipeline.host.containers.compose import Compose
from pipeline.settings import CHECKOUT

# What .dockerignore lets through.
SOURCES = ("requirements.lock", "requirements-superset.lock", ".dockerignore", "pipeline", "analysis", "monitor")
LABEL = "coinlake.source"
TELL_EVERY_S = 15.0
LAST_LINES = 20


def source_id(root: Path = CHECKOUT) -> str:
    """Return a check sum over everything that an image is made of."""
    total = hashlib.sha256()
    for file in _source_files(root):
        total.update(f"{file.relative_to(root)} {file.stat().st_mode & 0o111:o}\n".encode())
        total.update(hashlib.sha256(file.read_bytes()).digest())
    return total.hexdigest()[:16]


def are_built(compose: Compose, source: str) -> bool:
    """Tell whether each image of the project is there and made of this source."""
    names = sorted(set(compose.run("config", "--images").split()))
    done = subprocess.run(
        ["docker", "image", "inspect", "--format", f'{{{{index .Config.Labels "{LABEL}"}}}}', *names],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode == 0 and set(done.stdout.split()) == {source}


def build(compose: Compose, source: str, log: Path) -> None:
    """Build the images; on a terminal Docker shows how far it is, elsewhere a line tells now and then.

    Raises:
        ServiceError: it failed; with the end of the builder's output.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    command = compose.command("build", "--build-arg", f"COINLAKE_SOURCE={source}")
    if sys.stderr.isatty():
        if subprocess.run(command, check=False).returncode != 0:
            raise ServiceError("the images could not be built; the reason is above")
        return
    with log.open("wb") as output, subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT) as process:
        told = time.monotonic()
        while process.poll() is None:
            time.sleep(0.5)
            if time.monotonic() - told >= TELL_EVERY_S:
                told = time.monotonic()
                print(f"           building the images: {_last_line(log)}", flush=True)  # noqa: T201
    if process.returncode != 0:
        tail = log.read_text(encoding="utf-8", errors="replace").splitlines()[-LAST_LINES:]
        raise ServiceError(f"the images could not be built; the end of {log}:\n" + "\n".join(tail))


def _source_files(root: Path) -> Iterator[Path]:
    for name in SOURCES:
        place = root / name
        if place.is_file():
            yield place
        for folder, below, files in os.walk(place):
            below[:] = sorted(set(below) - {"__pycache__", ".ipynb_checkpoints"})
            yield from (Path(folder) / file for file in sorted(files))


def _last_line(log: Path) -> str:
    lines = log.read_text(encoding="utf-8", errors="replace").split("\n")
    return next((line.strip()[:100] for line in reversed(lines) if line.strip()), "")
