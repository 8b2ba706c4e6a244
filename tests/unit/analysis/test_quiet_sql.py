from __future__ import annotations

import re
from pathlib import Path

import pytest

from pipeline.settings import CHECKOUT

SQL = sorted([*CHECKOUT.glob("analysis/sql/*.sql"), *CHECKOUT.glob("pipeline/tables/views/*.sql")])


@pytest.mark.parametrize("file", SQL, ids=lambda file: file.stem)
def test_presto_has_nothing_to_warn_of(file: Path) -> None:
    """Presto's command line prints a warning above each result for either of these."""
    statement = re.sub(r"--.*", "", file.read_text(encoding="utf-8"))
    assert not re.search(r"(?i)count\s*\(\s*distinct", statement)
    assert not re.search(r"(?i)\bunion\b(?!\s+(all|distinct)\b)", statement)
