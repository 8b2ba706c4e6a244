"""A clock by hand and a simulated exchange, for tests of what listens to it."""

from __future__ import annotations

from pipeline.ingest.simulator.exchange.injected import Injected
from pipeline.ingest.simulator.exchange.market import Exchange
from pipeline.ingest.simulator.exchange.mischief import Mischief, Plan
from pipeline.ingest.simulator.exchange.session import Feed

START_S = 1_795_000_000.0


class Clock:
    """Seconds since 1970, moved by the test."""

    def __init__(self) -> None:
        self.now = START_S

    def __call__(self) -> float:
        """Return the time."""
        return self.now


def new_feed(clock: Clock, *products: str, plan: Plan | None = None, seed: int = 1) -> Feed:
    """Return an exchange that has opened but does not trade."""
    return Feed(Exchange(seed, products or ("BTC-USD", "ETH-USD"), clock), Mischief(seed, plan), Injected())
