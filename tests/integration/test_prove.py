"""Faults by a seed, under load: each price and each trade is there once, as Presto says."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.verbs.console import Stages
from proof.lake import Lake
from proof.load import Load
from proof.points import POINTS
from proof.report import lines
from proof.run import Proof
from proof.schedule import rounds
from tests.support.stack import Stack

SEED = 22
FAULTS = [8, pytest.param(20, marks=pytest.mark.long)]
TRADES_PER_S = 100


@pytest.mark.parametrize("faults", FAULTS)
def test_a_lake_that_is_hurt_loses_and_doubles_nothing(
    stack: Stack, failpoints: Path, source: str, faults: int
) -> None:
    lake = Lake(stack.settings, stack.env, failpoints)
    proof = Proof(lake, Load(lake, TRADES_PER_S, source), Stages())
    outcome = proof.run(rounds(SEED, faults, POINTS), two_readers=False)
    assert outcome.holds, "\n".join(lines(outcome, SEED))
    assert outcome.faults == faults
