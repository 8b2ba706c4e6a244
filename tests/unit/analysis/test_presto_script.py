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
        "--catalog", "iceberg",
        "--schema", "gold",
        "--output-format", "CSV_HEADER",
        "--execute", "SELECT 'a  b', \"c\" FROM t -- $HOME",
        "--output-format", "CSV",
    ]  # fmt: skip


def cli_arguments(done: subprocess.CompletedProcess[str]) -> list[str]:
    """Return what follows the defaults; a statement's lines are joined by spaces."""
    return done.stdout.partition("CSV_HEADER\n")[2].splitlines()


def test_a_shipped_file_runs_with_its_defaults(run: Run, checkout: Path) -> None:
    done = run("--output-format", "CSV", "--file", str(checkout / "analysis" / "sql" / "candles.sql"))
    given = cli_arguments(done)
    assert given[:3] == ["--output-format", "CSV", "--execute"]
    assert "WHERE product_id = 'BTC-USD'" in given
    assert "ORDER BY source, minute" in given, "without the final semicolon, which --execute adds"


def test_parameters_replace_the_defaults(run: Run, checkout: Path) -> None:
    file = str(checkout / "analysis" / "sql" / "candles.sql")
    done = run(f"--file={file}", "--param", "O'X-USD", "--param", "6")
    assert "WHERE product_id = 'O''X-USD'" in done.stdout.splitlines()
    assert "  AND minute >= localtimestamp - INTERVAL '1' HOUR * 6" in done.stdout.splitlines()
    assert run("--file", file, "--param", "a", "--param", "1", "--param", "2").returncode == 2
    assert run("--param", "a").stderr.startswith("presto.sh: --param belongs to --file")


def test_a_file_without_parameters_stays_a_file(run: Run, tmp_path: Path) -> None:
    file = tmp_path / "a b.sql"
    file.write_text("SELECT '?';\n")
    assert cli_arguments(run("-f", str(file))) == ["--file", str(file)]


def test_a_file_that_is_not_there_is_one_line(run: Run) -> None:
    done = run("--file", "/nope.sql")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "presto.sh: /nope.sql is no file that can be read\n"


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
