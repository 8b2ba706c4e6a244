"""The base image: made once, and again when it must be."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.support.docker import base_image
from tests.support.docker.commands import run
from tests.support.programs import Programs


@pytest.fixture
def debootstrap(programs: Programs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Stand-ins for debootstrap and for this machine's certificates; return the folder of the latter."""
    programs.write(
        "debootstrap",
        f'mkdir -p "$3/var/lib/apt/lists/x" "$3/var/cache/apt/archives"; echo >> {tmp_path}/runs',
    )
    monkeypatch.setattr(base_image, "CERTIFICATES", tmp_path / "certificates")
    base_image.CERTIFICATES.mkdir()
    (base_image.CERTIFICATES / "own.crt").write_text("1")
    (tmp_path / "scratch").mkdir()
    return base_image.CERTIFICATES


def made(tmp_path: Path, cache: Path) -> tuple[Path, int]:
    """Return the base image's tar and how often one has been made so far."""
    archive = base_image.base_archive(cache, tmp_path / "scratch", "http://mirror/")
    return archive, len((tmp_path / "runs").read_text().splitlines())


def test_base_image_is_made_anew_for_other_certificates_or_when_old(debootstrap: Path, tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    first, runs = made(tmp_path, cache)
    assert (first.parent, runs) == (cache, 1)
    names = run("tar", "-tf", str(first)).splitlines()
    assert f".{debootstrap}/own.crt" in names
    assert "./var/lib/apt/lists/x/" not in names
    assert made(tmp_path, cache) == (first, 1)
    os.utime(first, (0, 0))
    assert made(tmp_path, cache) == (first, 2)
    (debootstrap / "own.crt").write_text("2")
    second, runs = made(tmp_path, cache)
    assert runs == 3
    assert list(cache.iterdir()) == [second] != [first]


def test_base_image_needs_no_cache(debootstrap: Path, tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("a file, not a folder")
    archive, _runs = made(tmp_path, tmp_path / "cache" / "docker")
    assert archive.parent == tmp_path / "scratch"
    assert archive.exists()
