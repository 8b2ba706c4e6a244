"""Which faults happen when: the same seed gives the same ones."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from proof.faults import CutMarket, DieAt, Fault, ForgetBatch, Kill, Pause

SERVICES = ("kafka", "namenode", "datanode", "metastore", "presto", "spark", "trades", "scheduler")
"""Whatever takes, keeps or shows rows; the simulator is the market, and must remember what it made."""

QUERIES = ("bronze", "silver", "trades")
TOGETHER = 3  # services that die at once, at most
LONGEST_PAUSE_S, LONGEST_CUT_S = 20.0, 10.0
LONGEST_WAIT_S = 8.0  # between two faults of a round
LARGEST_ROUND = 5


@dataclass(frozen=True)
class Strike:
    """A fault, and how long nothing happens before it."""

    wait_s: float
    fault: Fault


Round = tuple[Strike, ...]
"""Faults that meet a lake which has not got over those before; after them it gets the time to."""


def rounds(seed: int, faults: int, points: Sequence[str]) -> list[Round]:
    """Return so many faults in rounds of a few; every service dies in the first eight."""
    dice = random.Random(seed)
    deck: list[Fault] = []
    while len(deck) < faults:
        deck += draw(dice, faults - len(deck), points)
    return list(deal(dice, deck))


def draw(dice: random.Random, faults: int, points: Sequence[str]) -> list[Fault]:
    """Return at most so many different faults in a random order; the kills that meet each service are among them."""
    kills = list(groups(dice))
    others: list[Fault] = [
        Kill(SERVICES),
        CutMarket(round(dice.uniform(1, LONGEST_CUT_S), 1)),
        *(Pause(service, round(dice.uniform(1, LONGEST_PAUSE_S), 1)) for service in SERVICES),
        *map(ForgetBatch, QUERIES),
        *map(DieAt, points),
    ]
    dice.shuffle(others)
    drawn = [*kills, *others][:faults]
    dice.shuffle(drawn)
    return drawn


def groups(dice: random.Random) -> Iterator[Kill]:
    """Yield kills of a few services at once, each service in one of them."""
    left = list(SERVICES)
    dice.shuffle(left)
    while left:
        size = dice.randint(1, TOGETHER)
        yield Kill(tuple(left[:size]))
        left = left[size:]


def deal(dice: random.Random, deck: Sequence[Fault]) -> Iterator[Round]:
    """Yield the faults in rounds, each with a wait of its own."""
    left = list(deck)
    while left:
        size = dice.randint(1, LARGEST_ROUND)
        yield tuple(Strike(round(dice.uniform(0, LONGEST_WAIT_S), 1), fault) for fault in left[:size])
        left = left[size:]
