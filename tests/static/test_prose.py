"""The words that this project does not use: the usual technical English has a plainer one for each."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.repository import Repository

# Written so that no pattern finds itself; what to write instead stands behind each.
PLAINER = {
    r"\bane[w]\b": "again, re-: recomputed, recreated, restarted",
    r"passed ove[r]|pass ove[r] (those|old|it)": "skipped",
    r"\bt(old|ells?) o[f]\b": "logged, reported",
    r"worked ou[t]\b": "computed",
    r"\b[Ee]ac[h] \d": "every 5 s",
    r"goes o[n] where": "resumes where",
    r"stands? agains[t] a start": "preflight failures",
}


@pytest.mark.parametrize("pattern", PLAINER, ids=PLAINER.values())
def test_the_plainer_word_is_used(repository: Repository, pattern: str) -> None:
    found = []
    for path in repository.files(".py", ".sh", ".md", ".sql", ".yml", ".j2", ".ipynb"):
        for number, line in enumerate(_text(path).splitlines(), start=1):
            if re.search(pattern, line):
                found.append(f"{repository.name(path)}:{number}: {line.strip()[:100]}")
    assert found == [], f"write: {PLAINER[pattern]}"


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8")
