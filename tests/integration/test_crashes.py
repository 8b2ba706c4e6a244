"""`kill -9` of a service while prices and trades flow: it comes back by itself, and each of them is there once."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from tests.support.killing import kill_and_wait, killed
from tests.support.prices import Feed, Key
from tests.support.simulated_exchange import IDLE_RATE, SimulatedExchange
from tests.support.stack import Stack
from tests.support.trading import TRADES, Session
from tests.support.waiting import wait_until

PRICES = "iceberg.silver.coin_prices"
BEFORE, AFTER = 200, 200  # prices that flow before the kill, and again once the service is back
TRADES_PER_S = 200
SERVICES = ("spark", "kafka", "datanode", "namenode", "metastore", "presto", "trades", "scheduler")
# Every service dies in the default run, all that keep or bring rows at once; Kafka in a test of its own.
ROUNDS = ("spark scheduler", "namenode datanode metastore trades")
WITH_KAFKA = ("kafka", "presto")
ALONE = [pytest.param(service, marks=pytest.mark.long) for service in SERVICES]
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


def test_every_service_is_killed() -> None:
    assert {*WITH_KAFKA, *(name for names in ROUNDS for name in names.split())} == set(SERVICES)


@pytest.mark.parametrize("services", [*ROUNDS, *ALONE])
def test_killed_services_come_back_and_nothing_is_lost_or_doubled(
    stack: Stack, trading: Session, services: str, source: str
) -> None:
    with nothing_lost_or_doubled(stack, trading, source):
        kill_and_wait(stack, *services.split())


@pytest.mark.parametrize("seconds", OUTAGES)
def test_kafka_killed_twice_and_away_for_a_while_loses_and_doubles_nothing(
    stack: Stack, trading: Session, source: str, seconds: int
) -> None:
    with nothing_lost_or_doubled(stack, trading, source):
        kill_and_wait(stack, *WITH_KAFKA)
        with killed(stack, "kafka"):
            at_stop = trading.made()
            wait_until(lambda: trading.made() > at_stop + TRADES_PER_S * seconds, 2 * seconds, "trades without Kafka")


def test_killed_simulator_comes_back(stack: Stack) -> None:
    kill_and_wait(stack, "simulator")
    before = stack.count(PRICES, "source = 'simulator'")
    wait_until(lambda: stack.count(PRICES, "source = 'simulator'") > before, 90, "prices flow again")
