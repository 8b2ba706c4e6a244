"""Runs of ids behave as the sets they stand for."""

from __future__ import annotations

import random
from collections.abc import Iterable
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from pipeline.id_ranges import FEW, Run, Runs, runs_of

NUMBERS = st.integers(1, 40)
PAIRS = st.tuples(NUMBERS, NUMBERS)
STEPS = st.lists(st.tuples(st.sampled_from(["add", "discard"]), PAIRS), max_size=30)
SETS = st.frozensets(NUMBERS)


def numbers(runs: Iterable[Run]) -> set[int]:
    return {number for first, last in runs for number in range(first, last + 1)}


@given(before=st.lists(PAIRS, max_size=5), added=st.lists(PAIRS, max_size=2 * FEW))
def test_many_runs_at_once_are_the_same_as_one_by_one(before: list[Run], added: list[Run]) -> None:
    runs, expected = Runs(before), Runs(before)
    runs.update(added)
    for first, last in added:
        expected.add(first, last)
    assert list(runs) == list(expected)
    assert (runs.total, len(runs)) == (expected.total, len(expected))


def test_runs_in_any_order_cost_no_more_than_in_order() -> None:
    runs = [(10 * number, 10 * number + 5) for number in range(200_000)]
    random.Random(1).shuffle(runs)
    assert len(Runs(runs)) == 200_000


@given(STEPS)
def test_adding_and_taking_out(steps: list[tuple[str, Run]]) -> None:
    runs = Runs()
    model: set[int] = set()
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
def test_what_two_have_in_common(ours: frozenset[int], others: frozenset[int], span: Run) -> None:
    left, right = runs_of(ours), runs_of(others)
    part = set(range(span[0], span[1] + 1))
    assert numbers(left.common(right)) == ours & others
    assert numbers(left.without(right)) == ours - others
    assert numbers(left.within(*span)) == ours & part
    assert all(first <= last for first, last in left.within(*span))
    assert numbers(left.lacking(*span)) == part - ours


def test_a_run_of_a_million_is_one_run() -> None:
    runs = Runs([(1, 10**6)])
    runs.discard(500, 500)
    assert list(runs) == [(1, 499), (501, 10**6)]
    assert runs.total == 10**6 - 1
    assert runs.lowest() == (1, 499)
