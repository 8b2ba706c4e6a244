"""The skill, its interval against a bootstrap written out in numpy, and the verdicts."""

from __future__ import annotations

import math

import numpy as np
import pytest

from analysis.forecast.skill import BEATS, LOSES, NO_BETTER, Skill, block_length, skill

NAIVE_LOSS = np.random.default_rng(1).uniform(1, 2, 40)
NOISE = np.random.default_rng(2).uniform(-0.4, 0.4, 40)


def test_skill_is_one_minus_the_ratio_of_the_mean_losses() -> None:
    found = skill(np.array([1.0, 2.0, 3.0]), np.array([4.0, 4.0, 4.0]), block=1, seed=1)
    assert found.value == 0.5
    assert found.lower <= 0.5 <= found.upper


def test_the_interval_is_that_of_whole_blocks() -> None:
    loss, block = 0.9 * NAIVE_LOSS + NOISE, 4
    found = skill(loss, NAIVE_LOSS, block, seed=1)
    rng = np.random.default_rng(99)
    drawn = []
    for _ in range(4000):
        starts = rng.integers(0, len(loss) - block + 1, len(loss) // block)
        days = (starts[:, None] + np.arange(block)).ravel()
        drawn.append(1 - loss[days].mean() / NAIVE_LOSS[days].mean())
    assert [found.lower, found.upper] == pytest.approx(np.quantile(drawn, [0.025, 0.975]), abs=0.006)


def test_the_same_seed_gives_the_same_interval() -> None:
    first, again, other = (skill(NAIVE_LOSS + NOISE, NAIVE_LOSS, 3, seed) for seed in (1, 1, 2))
    assert first == again
    assert first != other
    assert first.value == other.value


@pytest.mark.parametrize(
    ("factor", "verdict", "beats"),
    [(0.5, BEATS, True), (1.0, NO_BETTER, False), (1.5, LOSES, False)],
)
def test_the_verdict_follows_from_the_interval(factor: float, verdict: str, beats: bool) -> None:
    found = skill(factor * NAIVE_LOSS + NOISE, NAIVE_LOSS, block=3, seed=1)
    assert (found.verdict, found.beats_naive) == (verdict, beats)


@pytest.mark.parametrize("noise", [0.0, 1e-14, -1e-14])
def test_a_model_that_equals_naive_is_no_better(noise: float) -> None:
    found = skill(NAIVE_LOSS * (1 + noise), NAIVE_LOSS, block=3, seed=1)
    assert found == Skill(0.0, 0.0, 0.0)
    assert found.verdict == NO_BETTER


def test_where_naive_makes_no_error_there_is_no_skill() -> None:
    found = skill(np.ones(10), np.zeros(10), block=2, seed=1)
    assert math.isnan(found.value)
    assert (found.verdict, found.beats_naive) == (NO_BETTER, False)


def test_an_interval_that_touches_zero_proves_nothing() -> None:
    assert Skill(0.1, 0.0, 0.2).verdict == NO_BETTER
    assert Skill(-0.1, -0.2, 0.0).verdict == NO_BETTER


@pytest.mark.parametrize(
    ("origins", "horizon", "step", "length"), [(30, 14, 14, 3), (30, 14, 2, 7), (8, 30, 1, 8), (8, 1, 1, 2)]
)
def test_a_block_spans_origins_that_share_days(origins: int, horizon: int, step: int, length: int) -> None:
    assert block_length(origins, horizon, step) == length
