"""`debian:bookworm-slim` made from Debian's packages, for machines that reach those but no image registry.

It holds this machine's own certificate authorities, so it is for this machine's tests only: never push it.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import time
from collections.abc import Mapping
from pathlib import Path

from tests.support.docker.commands import run

BASE_IMAGE = "debian:bookworm-slim"
SUITE = "bookworm"
CERTIFICATES = Path("/usr/local/share/ca-certificates")  # where Debian keeps what the machine's owner trusts
MAX_AGE_S = 30 * 24 * 3600  # older ones lack too many of Debian's fixes


def base_archive(cache: Path, scratch: Path, mirror: str) -> Path:
    """Return the image's files as a tar, from the cache where a fresh one of ours is there, else made now (35 s)."""
    archive = cache / f"{SUITE}-{fingerprint(CERTIFICATES)}.tar"
    if archive.exists() and time.time() - archive.stat().st_mtime < MAX_AGE_S:
        return archive
    root = scratch / "root"
    env = os.environ | {"LC_ALL": "C"}
    run("debootstrap", "--variant=minbase", SUITE, str(root), mirror, seconds=600, env=env)
    slim_down(root)
    copy_certificates(CERTIFICATES, root / CERTIFICATES.relative_to("/"))
    made = scratch / archive.name
    run("tar", "--numeric-owner", "-C", str(root), "-cf", str(made), ".", seconds=120)
    shutil.rmtree(root)
    return keep(made, archive)


def fingerprint(certificates: Path) -> str:
    """Return a short name for what goes into the image beside Debian's packages."""
    digest = hashlib.sha256(f"{SUITE} minbase {platform.machine()} 1".encode())
    for path in sorted(certificates.rglob("*.crt")):
        digest.update(path.name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]


def slim_down(root: Path) -> None:
    """Empty the folders that only a next apt would use; they hold a third of the bytes."""
    for name in ("var/lib/apt/lists", "var/cache/apt/archives"):
        shutil.rmtree(root / name)
        (root / name / "partial").mkdir(parents=True)


def copy_certificates(certificates: Path, target: Path) -> None:
    """Give the image this machine's own authorities; whoever installs ca-certificates in it then trusts them."""
    target.mkdir(parents=True, exist_ok=True)
    for path in certificates.rglob("*.crt"):
        shutil.copy(path, target)


def keep(made: Path, archive: Path) -> Path:
    """Copy a new tar into the cache in place of older ones and return the copy; without a cache, the tar itself."""
    try:
        archive.parent.mkdir(parents=True, exist_ok=True)
        part = Path(shutil.copyfile(made, archive.with_suffix(".part")))
        for old in archive.parent.glob(f"{SUITE}-*.tar"):
            old.unlink()
        return part.replace(archive)
    except OSError:
        return made


def cache_folder(environment: Mapping[str, str]) -> Path:
    """Return the folder that keeps our downloads, as all of Coinlake's do."""
    return Path(environment.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "coinlake" / "docker"
