"""Kafka stays away for a while under prices and trades: each of them is there once. All other deaths: `test_prove`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from pipeline.simulated_exchange import SimulatedExchange
from tests.support.killing import kill_and_wait, killed
from tests.support.prices import Feed, Key
from tests.support.stack import Stack
from tests.support.trading import IDLE_RATE, TRADES, Session
from tests.support.waiting import wait_until

PRICES = "iceberg.silver.coin_prices"
BEFORE, AFTER = 200, 200  # prices that flow before the outage, and again once Kafka is back
TRADES_PER_S = 200
RECOVERY_S = 240  # a limit for busy machines: alone, the driver is back after half a minute
OUTAGES = [20, pytest.param(120, marks=pytest.mark.long)]  # seconds


def keys_in_lake(stack: Stack, source: str) -> list[Key]:
    query = f"SELECT coin, CAST(event_time AS varchar), source FROM {PRICES} WHERE source = ?"
    return [(coin, time, name) for coin, time, name in stack.presto(query, [source])]


@pytest.fixture
def trading(stack: Stack) -> Iterator[Session]:
    """Trades that flow all the time."""
    session = Session(stack, SimulatedExchange.of(stack.settings))
    session.exchange.set_rate(TRADES_PER_S)
    yield session
    session.exchange.set_rate(IDLE_RATE)


@contextmanager
def nothing_lost_or_doubled(stack: Stack, trading: Session, source: str) -> Iterator[None]:
    """Let prices and trades flow before, during and after the block; then each of them must be in the lake once."""
    with Feed(stack.settings.kafka.bootstrap, source, stack.settings.markets.coins) as feed:
        wait_until(lambda: len(keys_in_lake(stack, source)) >= BEFORE, 60, f"{BEFORE} prices in the lake")
        wait_until(lambda: stack.count(TRADES, trading.where()) > 0, 60, "trades in the lake")
        yield
        seen, made = len(feed.produced), trading.made()
        wait_until(lambda: len(feed.produced) >= seen + AFTER, 60, f"{AFTER} more prices afterwards")
        expected = feed.stop()
    wait_until(lambda: trading.made() > made, 30, "more trades afterwards")
    trading.exchange.set_rate(0)
    wait_until(lambda: len(keys_in_lake(stack, source)) >= len(expected), RECOVERY_S, "all prices in the lake")
    found = keys_in_lake(stack, source)
    assert len(found) == len(expected)
    assert set(found) == expected
    trading.wait_until_complete(RECOVERY_S)


@pytest.mark.parametrize("seconds", OUTAGES)
def test_kafka_killed_and_away_for_a_while_loses_and_doubles_nothing(
    stack: Stack, trading: Session, source: str, seconds: int
) -> None:
    with nothing_lost_or_doubled(stack, trading, source), killed(stack, "kafka"):
        at_stop = trading.made()
        wait_until(lambda: trading.made() > at_stop + TRADES_PER_S * seconds, 2 * seconds, "trades without Kafka")


def test_killed_simulator_comes_back(stack: Stack) -> None:
    kill_and_wait(stack, "simulator")
    before = stack.count(PRICES, "source = 'simulator'")
    wait_until(lambda: stack.count(PRICES, "source = 'simulator'") > before, 90, "prices flow again")
