"""The driver dies at the points where a crash could tear tables apart: between two appends of one batch.

Each point lies between the offset log and the commit log of its batch, so that the batch runs again.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline.simulated_exchange import SimulatedExchange
from tests.support.stack import Stack
from tests.support.trading import IDLE_RATE, TRADES, Session
from tests.support.waiting import wait_until

APPENDS = ("trades.fact_crypto_trades", "trades.rejected_events", "trades.dm_market_alerts")
EVERY = pytest.param(
    (
        "events.events",
        "silver.coin_prices",
        "replaced.dm_crypto_price_stats",
        "replaced.candles_1m",
        "replaced.coverage",
        *APPENDS,
    ),
    id="all",
)
HALVES = 40
HALF = "topic = 'coinbase-raw-trades' AND reason = 'payload is not a JSON object'"
RESTART_S = 90  # of the driver, on a busy machine
RECOVERY_S = 240  # the last death is followed by a start, and by all that was made meanwhile


@pytest.fixture
def session(stack: Stack) -> Iterator[Session]:
    session = Session(stack, SimulatedExchange.of(stack.settings))
    session.exchange.set_rate(100)
    yield session
    session.exchange.plan()
    session.exchange.set_rate(IDLE_RATE)


def halves(session: Session) -> int:
    return int(session.exchange.injected()["counts"].get("half", 0))


@pytest.mark.long
@pytest.mark.parametrize("points", [pytest.param(APPENDS, id="appends"), EVERY])
def test_a_driver_that_dies_between_appends_loses_and_doubles_nothing(
    stack: Stack, session: Session, failpoints: Path, points: tuple[str, ...]
) -> None:
    product = sorted(session.before)[len(points) // len(APPENDS)]  # the other case's product still rests
    halves_before, rejects_before = halves(session), stack.count("silver.rejected_events", HALF)
    where = f"product_id = '{product}' AND alert_type = 'PRICE_SURGE'"
    alerts_before = stack.count("gold.dm_market_alerts", where)
    wait_until(lambda: stack.count(TRADES, session.where()) > 0, 60, "trades in the table")
    for point in points:
        (failpoints / point).touch()
    session.exchange.plan(half=0.02)
    session.exchange.move_price(product, percent=4, seconds=30)
    wait_until(lambda: not list(failpoints.iterdir()), RESTART_S * len(points), "the driver died at every point")
    wait_until(lambda: halves(session) - halves_before >= HALVES, 60, "frames that cannot be read")
    session.exchange.plan()
    session.exchange.set_rate(0)
    session.wait_until_complete(RECOVERY_S)
    rejects = rejects_before + halves(session) - halves_before
    stack.wait_for_count(rejects, "silver.rejected_events", HALF, RECOVERY_S)
    assert stack.count("gold.dm_market_alerts", where) - alerts_before == 1
