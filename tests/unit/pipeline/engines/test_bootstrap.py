"""What the bootstrap says and returns when packages cannot be downloaded; Python, pip and uv are played."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from pipeline.settings import CHECKOUT
from tests.support.programs import Programs

NO_NETWORK = ("echo 'error: Failed to fetch: dns error' >&2", "exit 2")
UNKNOWN_CA = (
    'echo "$*" | grep -q -e --system-certs -e prune && exit 0',
    "echo 'invalid peer certificate' >&2",
    "exit 2",
)


@pytest.fixture
def programs(tmp_path: Path) -> Programs:
    """The programs of a venv that is there already, without packages."""
    folder = tmp_path / "venv" / "bin"
    folder.mkdir(parents=True)
    found = Programs(folder)
    found.write("python", "exit 0")
    found.write("java", "exit 0")
    return found


def bootstrap(home: Path) -> subprocess.CompletedProcess[str]:
    env = {name: value for name, value in os.environ.items() if name != "COINLAKE_PYTHON"}
    env |= {"COINLAKE_HOME": str(home), "JAVA_HOME": str(home), "XDG_CACHE_HOME": str(home / "cache")}
    script = CHECKOUT / "pipeline" / "engines" / "bootstrap.sh"
    return subprocess.run([script], env=env, check=False, capture_output=True, text=True, timeout=60)


def installed(home: Path) -> bool:
    return (home / "venv" / ".requirements.lock.installed").exists()


def test_a_failed_download_by_uv_ends_with_a_remedy(tmp_path: Path, programs: Programs) -> None:
    programs.write("uv", *NO_NETWORK)
    done = bootstrap(tmp_path)
    assert done.returncode == 1  # 2, as uv's own, would mean wrong arguments
    assert "dns error" in done.stderr
    last = done.stderr.splitlines()[-1]
    assert last.startswith("bootstrap.sh: the Python packages could not be installed")
    assert "HTTPS_PROXY" in last
    assert "SSL_CERT_FILE" in last
    assert not installed(tmp_path)


def test_a_failed_download_by_pip_ends_with_the_same(tmp_path: Path, programs: Programs) -> None:
    programs.write("python", 'test "$1" = -c || exit 3')
    programs.write("uv", "exit 0")
    done = bootstrap(tmp_path)
    assert done.returncode == 1
    assert "could not be installed" in done.stderr.splitlines()[-1]
    assert not installed(tmp_path)


def test_a_certificate_that_only_the_system_knows_is_enough(tmp_path: Path, programs: Programs) -> None:
    programs.write("uv", *UNKNOWN_CA)
    done = bootstrap(tmp_path)
    assert (done.returncode, installed(tmp_path)) == (0, True)
