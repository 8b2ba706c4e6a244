"""The download cache: each jar once a machine, under its repository path, checked before it is used."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from pipeline.engines.jars.artifacts import Artifact
from pipeline.engines.jars.download import Downloader
from pipeline.engines.jars.resolve import sha256_of
from pipeline.errors import JarError


def cache_dir() -> Path:
    """Return the machine's cache folder for jars, which may not exist yet."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "coinlake" / "jars"


def fill(artifacts: Iterable[Artifact], cache: Path, download: Downloader, on_line: Callable[[str], None]) -> None:
    """Bring every artifact into the cache.

    A file comes under its final name only after its check sum was found right, by a rename; so neither an
    interrupted download nor a wrong file is ever there. Raises `JarError` naming each file that is wrong or missing.
    """
    wanted = {one.path: one for one in artifacts}
    missing = [one for one in wanted.values() if not is_right(one, cache / one.path)]
    if not missing:
        return
    incoming, scratch = cache / "incoming", cache / "scratch"
    shutil.rmtree(incoming, ignore_errors=True)
    download(missing, incoming, scratch, on_line)
    faults = _take(missing, incoming, cache)
    shutil.rmtree(incoming, ignore_errors=True)
    shutil.rmtree(scratch, ignore_errors=True)  # also after a fault: a wrong file must not be served from there again
    if faults:
        raise JarError("\n".join(faults))


def is_right(artifact: Artifact, file: Path) -> bool:
    """Tell whether the file is there with the locked check sum; a wrong one is deleted."""
    if not file.exists():
        return False
    if sha256_of(file) == artifact.sha256:
        return True
    file.unlink()
    return False


def _take(artifacts: Sequence[Artifact], incoming: Path, cache: Path) -> list[str]:
    faults = []
    for one in artifacts:
        file = incoming / one.path
        if not file.exists():
            faults.append(f"{one.coordinates}: was not downloaded")
            continue
        found = sha256_of(file)
        if found != one.sha256:
            faults.append(f"{one.coordinates}: sha256 is {found}, jars.lock says {one.sha256}; deleted")
            continue
        place = cache / one.path
        place.parent.mkdir(parents=True, exist_ok=True)
        file.replace(place)
    return faults
