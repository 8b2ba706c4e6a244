"""The linters, formatters and type checkers, each one test."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.repository import Repository


def check(checkout: Path, name: str, *arguments: str) -> None:
    """Run a tool that the lock file puts beside this interpreter; fail with all it prints when it finds a fault."""
    command = [str(Path(sys.executable).with_name(name)), *arguments]
    done = subprocess.run(command, cwd=checkout, check=False, capture_output=True, text=True)
    if done.returncode != 0:
        pytest.fail(f"{name}: exit code {done.returncode}\n{done.stdout}{done.stderr}", pytrace=False)


def test_ruff_finds_no_fault(checkout: Path) -> None:
    check(checkout, "ruff", "check", "--no-cache", ".")


def test_ruff_would_format_nothing(checkout: Path) -> None:
    check(checkout, "ruff", "format", "--no-cache", "--check", ".")


def test_mypy_finds_no_fault(checkout: Path) -> None:
    # Of the tests only what they share: their fakes stand in for types that strict checking would want in full.
    parts = ["pipeline", "analysis", "monitor", "bench", "proof", "tests/support"]
    check(checkout, "mypy", "--explicit-package-bases", *parts)


def test_shellcheck_finds_no_fault(checkout: Path, repository: Repository) -> None:
    check(checkout, "shellcheck", "-x", *map(str, repository.shell_scripts()))
