"""axe-core, which looks for what keeps people from using a page: fetched from npm, one version with its checksum."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import shutil
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest

from tests.support.browser import Page

PACKAGE = "axe-core@4.14.1"
INTEGRITY = "sha512-FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ=="
SCRIPT = "package/axe.min.js"
FETCH_S = 120
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def axe_script(folder: Path) -> str:
    """Return axe's script; without npm or a registry the test skips, save on the build machine."""
    npm = shutil.which("npm")
    if npm is None:
        reason = "no npm here, which fetches axe-core"
    else:
        command = [npm, "pack", PACKAGE, "--silent", "--pack-destination", str(folder)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=FETCH_S, check=False, cwd=folder)
        if done.returncode == 0:
            return _unpack(folder / done.stdout.strip().splitlines()[-1])
        reason = f"npm cannot fetch {PACKAGE}: {done.stderr.strip()[-300:]}"
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def violations(page: Page, script: str) -> list[str]:
    """Return a line for each element that breaks a rule of WCAG 2.2 AA or of good practice."""
    page.run(script)
    options = json.dumps({"runOnly": {"type": "tag", "values": RULES}})
    found: list[dict[str, Any]] = page.awaited(f"axe.run(document, {options}).then(found => found.violations)")
    return [f"{each['id']}: {node['target']}: {node['html'][:120]}" for each in found for node in each["nodes"]]


def _unpack(archive: Path) -> str:
    found = base64.b64encode(hashlib.sha512(archive.read_bytes()).digest()).decode()
    assert f"sha512-{found}" == INTEGRITY
    with tarfile.open(archive) as package:
        script = package.extractfile(SCRIPT)
        assert script is not None
        return script.read().decode()
