"""What the report says: a proof holds only when all of it was looked at and nothing was wrong."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from proof.checks import Check
from proof.load import Made
from proof.reader import Seen
from proof.report import lines, to_json
from proof.run import Outcome, Survived

WELL = Outcome(
    rounds=[Survived(("kill spark", "pause kafka for 3 s"), 41.5)],
    made=Made(100, 900),
    settled_s=7.0,
    checks=[Check("a table", 900, 900)],
    seen=Seen(answers=12),
)


def test_a_proof_that_holds() -> None:
    assert WELL.holds
    assert "  a table: 900 of 900, ok" in list(lines(WELL, 7))
    assert json.loads(json.dumps(to_json(WELL, 7)))["holds"] is True


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        (replace(WELL, checks=[Check("a table", 900, 899)]), "WRONG: 1 lost, 0 twice"),
        (replace(WELL, checks=[Check("a table", 900, 900, twice=2)]), "WRONG: 0 lost, 2 twice"),
        (replace(WELL, seen=Seen(answers=12, faults=["a table: 4 keys after 5"])), "THE READER SAW: a table"),
        (replace(WELL, disagreements={"a table": "row 3"}), "PRESTO AND DUCKDB DIFFER in a table: row 3"),
        (replace(WELL, failure="round 1: no answer"), "ENDED EARLY: round 1"),
        (replace(WELL, checks=[]), "seed 7"),
        (replace(WELL, seen=Seen()), "0 answers"),
    ],
)
def test_a_proof_that_does_not(outcome: Outcome, said: str) -> None:
    assert not outcome.holds
    assert said in "\n".join(lines(outcome, 7))
