"""Which faults happen when: by the seed alone, and every service is met."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from proof.faults import DieAt, Fault, Kill
from proof.points import POINTS
from proof.schedule import LARGEST_ROUND, SERVICES, Round, rounds

ENOUGH = 8


def faults(found: list[Round]) -> Iterator[Fault]:
    for each in found:
        for strike in each:
            yield strike.fault


def test_a_seed_repeats_its_faults() -> None:
    assert rounds(7, 60, POINTS) == rounds(7, 60, POINTS) != rounds(8, 60, POINTS)


@pytest.mark.parametrize("count", [1, ENOUGH, 100])
def test_there_are_as_many_as_asked_for_in_small_rounds(count: int) -> None:
    found = rounds(7, count, POINTS)
    assert len(list(faults(found))) == count
    assert {len(each) for each in found} <= set(range(1, LARGEST_ROUND + 1))
    assert all(strike.wait_s >= 0 for each in found for strike in each)


@pytest.mark.parametrize("seed", range(20))
def test_every_service_dies_whatever_the_seed(seed: int) -> None:
    kills = [fault for fault in faults(rounds(seed, ENOUGH, POINTS)) if isinstance(fault, Kill)]
    assert {name for kill in kills for name in kill.services} == set(SERVICES)


def test_a_long_run_has_each_kind_and_each_point() -> None:
    found = list(faults(rounds(7, 100, POINTS)))
    assert {fault.point for fault in found if isinstance(fault, DieAt)} == set(POINTS)
    assert {type(fault).__name__ for fault in found} == {"Kill", "Pause", "CutMarket", "ForgetBatch", "DieAt"}
    assert Kill(SERVICES) in found
