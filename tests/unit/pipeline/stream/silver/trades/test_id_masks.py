"""Runs of ids against Python's own sets."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from pipeline.stream.silver.trades.intervals import IdSet, runs_of_mask

RUNS = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 12)).map(lambda pair: (pair[0], sum(pair))), max_size=12)


def numbers(runs: object) -> list[int]:
    return [number for first, last in runs for number in range(first, last + 1)]  # type: ignore[attr-defined]


@given(runs=RUNS, asked=st.tuples(st.integers(-3, 80), st.integers(0, 30)))
def test_an_id_set_is_a_set(runs: list[tuple[int, int]], asked: tuple[int, int]) -> None:
    ids, expected = IdSet(runs), set(numbers(runs))
    assert numbers(ids) == sorted(expected)
    assert len(ids) == len(expected)
    first, last = asked[0], asked[0] + asked[1]
    assert numbers(ids.common(first, last)) == sorted(expected & set(range(first, last + 1)))


@given(runs=RUNS)
def test_runs_that_touch_are_one(runs: list[tuple[int, int]]) -> None:
    found = list(IdSet(runs))
    assert all(left[1] + 1 < right[0] for left, right in pairwise(found))


@given(bits=st.sets(st.integers(0, 63)), bucket=st.integers(0, 10))
def test_a_mask_is_read_bit_by_bit_with_any_sign(bits: set[int], bucket: int) -> None:
    mask = sum(1 << bit for bit in bits)
    signed = mask - (1 << 64) if mask >= 1 << 63 else mask
    assert numbers(runs_of_mask(bucket, signed)) == sorted(64 * bucket + bit for bit in bits)


def test_a_full_mask_is_one_run() -> None:
    assert runs_of_mask(2, -1) == [(128, 191)]
    assert runs_of_mask(2, 0) == []
