"""Superset's own Python: made once, and again after an interrupted run or for another lock; uv is played."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from pipeline.settings import CHECKOUT
from tests.support.programs import Programs

# `python -m venv FOLDER` makes a Python there, `python -m uv ...` notes that it was asked.
PYTHON = (
    "for last; do :; done",
    'if [ "$2" = venv ]; then mkdir -p "$last/bin"; cp "$0" "$last/bin/python"; fi',
    'if [ "$2" = uv ]; then echo "$*" >>"$COINLAKE_HOME/asked"; exit "${UV_EXIT:-0}"; fi',
    "exit 0",
)


@pytest.fixture(autouse=True)
def python(tmp_path: Path) -> None:
    folder = tmp_path / "venv" / "bin"
    folder.mkdir(parents=True)
    Programs(folder).write("python", *PYTHON)


def install(home: Path, **more: str) -> subprocess.CompletedProcess[str]:
    env = {name: value for name, value in os.environ.items() if name != "COINLAKE_PYTHON"}
    env |= {"COINLAKE_HOME": str(home), "XDG_CACHE_HOME": str(home / "cache"), **more}
    script = CHECKOUT / "pipeline" / "engines" / "superset_venv.sh"
    return subprocess.run([script], env=env, check=False, capture_output=True, text=True, timeout=60)


def asked(home: Path) -> list[str]:
    return (home / "asked").read_text().splitlines() if (home / "asked").exists() else []


def test_it_is_installed_once_from_the_lock_alone(tmp_path: Path) -> None:
    assert install(tmp_path).returncode == 0
    assert install(tmp_path).returncode == 0
    tools, call = asked(tmp_path)
    assert "--require-hashes" in tools
    assert tools.endswith("bootstrap.lock")
    assert "--require-hashes --no-build-isolation" in call
    assert call.endswith(f"-r {CHECKOUT / 'requirements-superset.lock'}")


def test_what_an_interrupted_run_left_is_replaced(tmp_path: Path) -> None:
    left = tmp_path / "superset" / "bin"
    left.mkdir(parents=True)
    (left / "half").touch()
    assert install(tmp_path).returncode == 0
    assert not (left / "half").exists()
    assert len(asked(tmp_path)) == 2


def test_another_lock_is_another_installation(tmp_path: Path) -> None:
    install(tmp_path)
    (tmp_path / "superset" / ".installed").write_text("of another lock")
    (tmp_path / "superset" / "old").touch()
    assert install(tmp_path).returncode == 0
    assert not (tmp_path / "superset" / "old").exists()
    assert len(asked(tmp_path)) == 4


def test_a_failed_download_says_what_to_do_and_counts_as_nothing(tmp_path: Path) -> None:
    done = install(tmp_path, UV_EXIT="2")
    assert done.returncode == 1
    assert "--no-superset does without" in done.stderr.splitlines()[-1]
    assert [("--system-certs" in call) for call in asked(tmp_path)] == [False, True]
    assert install(tmp_path).returncode == 0
    assert len(asked(tmp_path)) == 4
