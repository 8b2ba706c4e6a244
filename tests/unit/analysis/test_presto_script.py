"""`presto.sh` up to the moment it becomes the CLI: a stand-in for Java tells what it was given."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.support.fake_presto import FakePresto

Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with the CLI's jar, and a Java that prints its arguments, one a line."""
    (tmp_path / "jars").mkdir()
    (tmp_path / "jars" / "presto-cli.jar").touch()
    java = tmp_path / "java" / "bin" / "java"
    java.parent.mkdir(parents=True)
    java.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    java.chmod(0o755)
    return tmp_path


@pytest.fixture
def run(checkout: Path, home: Path, presto: FakePresto) -> Run:
    """Run the script on that home and a Presto that says it is up."""
    presto.answer = {"starting": False}
    env = os.environ | {
        "COINLAKE_HOME": str(home),
        "COINLAKE_PYTHON": sys.executable,
        "JAVA_HOME": str(home / "java"),
        "PRESTO_URL": presto.url,
    }

    def run_script(*arguments: str, **changed: str) -> subprocess.CompletedProcess[str]:
        script = checkout / "analysis" / "scripts" / "presto.sh"
        return subprocess.run(
            [script, *arguments], env=env | changed, cwd=home, check=False, capture_output=True, text=True
        )

    return run_script


def test_it_becomes_the_cli_with_all_arguments(run: Run, presto: FakePresto, home: Path) -> None:
    done = run("--execute", "SELECT 'a  b', \"c\" FROM t -- $HOME", "--output-format", "CSV")
    given = done.stdout.splitlines()
    assert (done.returncode, done.stderr) == (0, "")
    assert "-Duser.timezone=UTC" in given
    assert given[given.index("-jar") :] == [
        "-jar", str(home / "jars" / "presto-cli.jar"),
        "--server", presto.url,
        "--user", "coinlake",
        "--catalog", "hive",
        "--schema", "crypto",
        "--execute", "SELECT 'a  b', \"c\" FROM t -- $HOME",
        "--output-format", "CSV",
    ]  # fmt: skip


def test_the_server_follows_the_port_base(run: Run) -> None:
    done = run(PRESTO_URL="", COINLAKE_PORT_BASE="1024")
    assert done.returncode == 1
    assert (
        "presto.sh: Presto does not answer at http://127.0.0.1:1104: pipeline/scripts/pipeline_status.sh" in done.stderr
    )


def test_a_missing_jar_names_the_remedy(run: Run, home: Path) -> None:
    (home / "jars" / "presto-cli.jar").unlink()
    done = run("--execute", "SELECT 1")
    assert done.returncode == 1
    assert "presto-cli.jar is missing: pipeline/scripts/pipeline_setup.sh" in done.stderr


def test_a_starting_server_is_told_apart(run: Run, presto: FakePresto) -> None:
    presto.answer = {"starting": True}
    done = run("--execute", "SELECT 1")
    assert (done.returncode, done.stdout) == (1, "")
    assert "still starting" in done.stderr


def test_a_home_without_python_names_the_remedy(run: Run, home: Path) -> None:
    done = run(COINLAKE_PYTHON=str(home / "no-python"))
    assert done.returncode == 1
    assert "never set up" in done.stderr


def test_help_needs_no_lake(run: Run, tmp_path: Path) -> None:
    done = run("--help", COINLAKE_HOME=str(tmp_path / "nothing"))
    assert done.returncode == 0
    assert "Usage: presto.sh" in done.stdout
