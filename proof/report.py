"""What a proof has shown, for people and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from statistics import median
from typing import Any

from proof.run import Outcome

FAULTS_SHOWN = 10


def lines(outcome: Outcome, seed: int) -> Iterator[str]:
    """Yield the lines of a report."""
    yield f"seed {seed}: {outcome.faults} faults in {len(outcome.rounds)} rounds"
    if outcome.rounds:
        back = [each.back_s for each in outcome.rounds]
        yield f"what was made after a round could be read {median(back):.0f} s later, {max(back):.0f} s at most"
    seen = outcome.seen
    yield (
        f"the reader had {seen.answers:,} answers and {seen.refusals:,} refusals while an engine was away, "
        f"and waited {seen.longest_blind_s:.0f} s for an answer at most"
    )
    yield from (f"THE READER SAW: {fault}" for fault in seen.faults[:FAULTS_SHOWN])
    if outcome.checks:
        yield f"all was there and summed up {outcome.settled_s:.0f} s after the last trade"
    for check in outcome.checks:
        state = "ok" if check.holds else f"WRONG: {check.expected - check.found:,} lost, {check.twice:,} twice"
        yield f"  {check.what}: {check.found:,} of {check.expected:,}, {state}"
    yield from (f"PRESTO AND DUCKDB DIFFER in {name}: {text}" for name, text in outcome.disagreements.items())
    if outcome.failure:
        yield f"ENDED EARLY: {outcome.failure}"


def to_json(outcome: Outcome, seed: int) -> dict[str, Any]:
    """Return the report for programs."""
    return {"seed": seed, "holds": outcome.holds, "faults": outcome.faults, **asdict(outcome)}
