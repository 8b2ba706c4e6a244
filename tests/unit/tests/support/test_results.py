"""Adding up what pytest reports: the closing line may not say more than what happened."""

from __future__ import annotations

import subprocess
from collections import Counter
from pathlib import Path

from tests.support.results import Results, read_junit
from tests.support.runner import PYTEST

SUITE = """
import pytest

def test_good(): pass
def test_bad(): assert False
def test_no_engine(): pytest.skip("no Docker engine: start one")
@pytest.mark.parametrize("n", [1, 2])
def test_no_data(n): pytest.skip("no real market data")

@pytest.fixture
def broken(): raise RuntimeError("set-up")
def test_never_begun(broken): pass

@pytest.fixture
def leaky():
    yield
    raise RuntimeError("clean-up")
def test_clean_up_fails(leaky): pass
"""


def run_pytest(folder: Path, source: str) -> Results:
    """Write a suite, let the real pytest run it, and read its report."""
    (folder / "pytest.ini").write_text("[pytest]\n")
    (folder / "test_made.py").write_text(source)
    report = folder / "report.xml"
    command = [*PYTEST, "-p", "no:cacheprovider", f"--junitxml={report}", "test_made.py"]
    done = subprocess.run(command, cwd=folder, check=False, capture_output=True)
    return read_junit(report, done.returncode)


def test_each_outcome_is_counted_once(tmp_path: Path) -> None:
    results = run_pytest(tmp_path, SUITE)
    assert (results.passed, results.failed) == (1, 3)
    assert results.skipped == Counter({"no real market data": 2, "no Docker engine: start one": 1})
    assert not results.good


def test_file_that_cannot_be_imported_is_a_failure(tmp_path: Path) -> None:
    assert run_pytest(tmp_path, "import nothing_of_that_name").failed == 1


def test_suite_without_tests_is_a_failure(tmp_path: Path) -> None:
    assert run_pytest(tmp_path, "").failed == 1


def test_run_that_left_no_report_is_a_failure(tmp_path: Path) -> None:
    assert read_junit(tmp_path / "none.xml", -9) == Results(failed=1)


def test_nothing_ran_is_not_good() -> None:
    assert not Results().good
    assert not Results(skipped=Counter({"reason": 3})).good
    assert Results(passed=1).good


def test_summary_ends_with_the_three_numbers() -> None:
    first = Results(passed=5, skipped=Counter({"no browser": 1}))
    lines = (
        (first + Results(passed=2, failed=1, skipped=Counter({"no browser": 1, "no data": 1}))).summary().splitlines()
    )
    assert lines == [
        "11 tests: 8 ran, 3 skipped",
        "  skipped 2: no browser",
        "  skipped 1: no data",
        "7 passed, 1 failed, 3 skipped",
    ]
