"""A Chromium for tests: this machine's, one that the build machine installs, or a skip."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench.chromium import NAMES, Page, find, running
from tests.support.docker import debian
from tests.support.docker.commands import DockerUnavailableError

__all__ = ["Page", "chromium", "chromium_program"]


def chromium_program() -> str:
    """Return the path of this machine's Chromium; where there is none, the build machine gets one and others skip."""
    if find() is None and debian.reason_not_to_install(os.environ) is None:
        with contextlib.suppress(DockerUnavailableError):  # Debian's packages cannot be had
            debian.install({NAMES[0]: NAMES[0]})
    program = find()
    if program is None:
        pytest.skip("no Chromium here: apt-get install chromium")
    return program


@contextlib.contextmanager
def chromium(folder: Path, width: int = 1500, height: int = 2200) -> Iterator[Page]:
    """Start Chromium with a profile below the folder, which is there or the test skips."""
    with running(chromium_program(), folder, width, height) as page:
        yield page
