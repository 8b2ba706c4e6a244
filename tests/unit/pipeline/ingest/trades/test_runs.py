"""Runs of ids behave as the sets they stand for."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from pipeline.ingest.trades.runs import Runs, runs_of

NUMBERS = st.integers(1, 40)
PAIRS = st.tuples(NUMBERS, NUMBERS)
STEPS = st.lists(st.tuples(st.sampled_from(["add", "discard"]), PAIRS), max_size=30)
SETS = st.frozensets(NUMBERS)


def numbers(runs) -> set[int]:
    return {number for first, last in runs for number in range(first, last + 1)}


@given(STEPS)
def test_adding_and_taking_out(steps):
    runs, model = Runs(), set()
    for name, (first, last) in steps:
        span = set(range(first, last + 1))
        if name == "add":
            runs.add(first, last)
            model |= span
        else:
            assert runs.discard(first, last) == len(model & span)
            model -= span
        assert numbers(runs) == model
        assert runs.total == len(model)
        assert bool(runs) == bool(model)
        assert all(a[1] + 1 < b[0] for a, b in pairwise(runs)), "runs that touch are one"
    assert all((number in runs) == (number in model) for number in range(42))


@given(SETS, SETS, PAIRS)
def test_what_two_have_in_common(ours, others, span):
    left, right, part = runs_of(ours), runs_of(others), set(range(span[0], span[1] + 1))
    assert numbers(left.common(right)) == ours & others
    assert numbers(left.without(right)) == ours - others
    assert numbers(left.within(*span)) == ours & part
    assert all(first <= last for first, last in left.within(*span))
    assert numbers(left.lacking(*span)) == part - ours


def test_a_run_of_a_million_is_one_run():
    runs = Runs([(1, 10**6)])
    runs.discard(500, 500)
    assert list(runs) == [(1, 499), (501, 10**6)]
    assert runs.total == 10**6 - 1
    assert runs.lowest() == (1, 499)
