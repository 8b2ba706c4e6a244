"""The token bucket never lets more calls through than it promises."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.ingest.ratelimit import TokenBucket
from tests.support.clock import FakeClock

EPSILON = 1e-6  # waits are floats: a call may come a rounding error early


def call_times(bucket: TokenBucket, clock: FakeClock, pauses: list[float]) -> list[float]:
    times = []
    for pause in pauses:
        clock.sleep(pause)
        bucket.take()
        times.append(clock.time())
    return times


def most_in_a_window(times: list[float], window_s: float) -> int:
    return max(sum(1 for t in times if start <= t < start + window_s - EPSILON) for start in times)


@given(
    rate=st.floats(0.05, 50),
    burst=st.integers(1, 20),
    pauses=st.lists(st.floats(0, 5), min_size=1, max_size=60),
    window=st.floats(0.01, 120),
)
def test_no_window_holds_more_than_burst_plus_rate(rate, burst, pauses, window):
    clock = FakeClock()
    times = call_times(TokenBucket(rate, burst, clock.time, clock.sleep), clock, pauses)
    assert most_in_a_window(times, window) <= burst + rate * window + EPSILON


@given(calls=st.integers(1, 40), window=st.floats(0.5, 90), pauses=st.lists(st.floats(0, 3), min_size=1, max_size=60))
def test_a_market_limit_holds_in_every_window(calls, window, pauses):
    clock = FakeClock()
    bucket = TokenBucket.for_limit(calls, window, clock.time, clock.sleep)
    assert most_in_a_window(call_times(bucket, clock, pauses), window) <= calls


def test_the_burst_is_free_and_then_the_rate_rules():
    clock = FakeClock()
    bucket = TokenBucket(rate_per_s=2, burst=3, clock=clock.time, sleep=clock.sleep)
    assert [bucket.take() for _ in range(5)] == [0, 0, 0, 0.5, 0.5]
    clock.sleep(100)  # a long rest earns the burst again, and no more
    assert [bucket.take() for _ in range(4)] == [0, 0, 0, 0.5]


def test_threads_share_one_budget():
    clock = FakeClock()
    waits: list[float] = []
    bucket = TokenBucket(rate_per_s=1, burst=2, clock=clock.time, sleep=waits.append)
    threads = [threading.Thread(target=bucket.take) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(waits) == [1, 2, 3, 4, 5, 6, 7, 8]  # each waits for its own place in the line


@pytest.mark.parametrize(("rate", "burst"), [(0, 1), (-1, 1), (1, 0)])
def test_an_impossible_bucket_is_refused(rate, burst):
    with pytest.raises(ValueError, match="a bucket needs"):
        TokenBucket(rate, burst)
