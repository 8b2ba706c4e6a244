"""The arithmetic of the latency benchmark: distinct keys, and each event's wait counted once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.latency import Answer, Load, waits
from bench.measure import spread


def load(rate: int = 1000, seconds: int = 1) -> Load:
    return Load("bench-1", ("bitcoin", "ethereum", "solana"), rate, seconds, start_ms=1_700_000_000_000)


@pytest.mark.parametrize("rate", [1, 7, 999, 1000, 1001, 2500, 10_000])
def test_no_two_events_share_a_key(rate: int) -> None:
    made = load(rate, 2)
    events = [made.event(number) for number in range(made.total)]
    assert len({(e.coin, e.event_time, e.source) for e in events}) == made.total == 2 * rate


def test_events_are_due_evenly() -> None:
    made = load(rate=4, seconds=2)
    assert [made.due_ms(n) - made.start_ms for n in range(made.total)] == [0, 250, 500, 750, 1000, 1250, 1500, 1750]


def test_event_waits_for_the_first_answer_that_holds_it() -> None:
    made = load(rate=4)
    start = made.start_ms
    answers = [Answer(start, start + 50, start), Answer(start + 60, start + 900, start + 500)]
    assert waits(made, answers) == [0.65, 0.4]  # due at 250 and 500; the one at 750 was never seen


@given(newest=st.lists(st.integers(min_value=-5, max_value=2100), min_size=2, max_size=20), rate=st.integers(1, 3000))
def test_no_event_is_counted_twice(newest: list[int], rate: int) -> None:
    made = load(rate)
    seen = [Answer(0, made.start_ms + 5000, made.start_ms + ms) for ms in sorted(newest)]
    first, last = seen[0].newest_ms, seen[-1].newest_ms
    assert len(waits(made, seen)) == len([n for n in range(made.total) if first < made.due_ms(n) <= last])


def test_spread_of_a_known_sample() -> None:
    assert spread(n / 1000 for n in range(101)) == {"p50": 0.05, "p95": 0.095, "p99": 0.099, "max": 0.1}
