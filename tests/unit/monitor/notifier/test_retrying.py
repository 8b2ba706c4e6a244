"""Waits between attempts, and when a message is given up."""

from __future__ import annotations

import pytest

from monitor.notifier.retrying import RetryPolicy

LONGEST = RetryPolicy(uniform=lambda _low, high: high)
SHORTEST = RetryPolicy(uniform=lambda low, _high: low)


def test_waits_double_up_to_the_longest_and_are_shortened_by_half_at_most() -> None:
    assert [LONGEST.wait_s(attempts, 0, None) for attempts in (1, 2, 3, 10, 11, 99)] == [1, 2, 4, 512, 900, 900]
    assert [SHORTEST.wait_s(attempts, 0, None) for attempts in (1, 2, 99)] == [0.5, 1, 450]


def test_the_receivers_wish_counts_where_it_is_longer() -> None:
    assert SHORTEST.wait_s(1, 0, 60.0) == 60
    assert LONGEST.wait_s(99, 0, 60.0) == 900


@pytest.mark.parametrize(
    ("attempts", "age_s", "asked_s"), [(100, 0, None), (5, 86_390, None), (1, 0, 86_401.0), (1, 86_400, 0.0)]
)
def test_it_is_given_up_after_enough_attempts_or_time(attempts: int, age_s: float, asked_s: float | None) -> None:
    assert LONGEST.wait_s(attempts, age_s, asked_s) is None
