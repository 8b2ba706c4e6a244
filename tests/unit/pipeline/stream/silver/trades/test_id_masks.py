"""Bit masks of ids against Python's own sets."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pipeline.id_ranges import Run
from pipeline.stream.silver.trades.id_masks import runs_of_mask


def numbers(runs: list[Run]) -> list[int]:
    return [number for first, last in runs for number in range(first, last + 1)]


@given(bits=st.sets(st.integers(0, 63)), bucket=st.integers(0, 10))
def test_a_mask_is_read_bit_by_bit_with_any_sign(bits: set[int], bucket: int) -> None:
    mask = sum(1 << bit for bit in bits)
    signed = mask - (1 << 64) if mask >= 1 << 63 else mask
    assert numbers(runs_of_mask(bucket, signed)) == sorted(64 * bucket + bit for bit in bits)


def test_a_full_mask_is_one_run() -> None:
    assert runs_of_mask(2, -1) == [(128, 191)]
    assert runs_of_mask(2, 0) == []
