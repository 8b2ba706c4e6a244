"""Trades: whatever the feed does, each is in the table once, and the ledger says what was missing."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from functools import partial

import pytest
from confluent_kafka import Consumer

from pipeline.simulated_exchange import Id, SimulatedExchange
from tests.support.stack import Stack
from tests.support.trading import IDLE_RATE, TRADES, Session
from tests.support.waiting import wait_until

ALERTS = "gold.dm_market_alerts"
CRASH_S = 15
FAULTS = {"drop": 6e-4, "repeat": 6e-4, "reorder": 6e-4, "half": 2e-4}
SESSIONS = [40_000, pytest.param(1_000_000, marks=pytest.mark.long)]  # trades


def made_more_than(session: Session, trades: int) -> bool:
    return session.made() > trades


def ids_of(gaps: list[tuple[str, int, int, str, int, str]]) -> set[Id]:
    return {(product, number) for product, first, last, *_ in gaps for number in range(first, last + 1)}


@pytest.fixture
def session(stack: Stack) -> Iterator[Session]:
    """The exchange at rest, all that it made before being in the table."""
    exchange = SimulatedExchange.of(stack.settings)
    exchange.set_rate(0)
    begun = Session(stack, exchange)
    newest = f"SELECT product_id, max(trade_id) FROM {TRADES} WHERE source = 'simulator' GROUP BY product_id"
    wait_until(lambda: dict(stack.presto(newest)) == begun.before, 60, "the trades so far are in the table")
    yield begun
    exchange.plan()
    exchange.set_rate(IDLE_RATE)


@pytest.mark.parametrize("trades", SESSIONS)
def test_the_ledger_equals_what_was_injected(session: Session, trades: int) -> None:
    session.exchange.plan(**FAULTS)
    session.exchange.set_rate(4000, trades)
    for share, fault in enumerate(("disconnect", "silence", "disconnect"), start=1):
        wait_until(partial(made_more_than, session, share * trades // 4), trades / 1000, f"time for a {fault}")
        session.exchange.order(fault, seconds=1.0)
    wait_until(lambda: session.made() == trades, 120, "the exchange made them all")
    session.exchange.plan()
    session.wait_until_complete(180)
    injected = session.exchange.injected()["counts"]
    assert injected.keys() >= {*FAULTS, "disconnect", "silence"}
    assert sum(injected.values()) >= 25
    gaps = session.gaps()
    assert ids_of(gaps) == session.exchange.withheld(session.before)
    assert all(filled == last - first + 1 for _, first, last, _, filled, _ in gaps)
    fetched = session.stack.count(TRADES, f"channel = 'rest' AND ({session.where()})")
    assert fetched == sum(gap[4] for gap in gaps)


def test_coverage_proves_it(stack: Stack, session: Session) -> None:
    query = "SELECT sum(received + filled), sum(filled), sum(missing), sum(expected) FROM ops.coverage WHERE source = ?"
    held = stack.count(TRADES, "source = 'simulator'")
    wait_until(lambda: stack.presto(query, ["simulator"])[0][0] == held, 90, "coverage counts every trade")
    trades, filled, missing, expected = stack.presto(query, ["simulator"])[0]
    assert filled == stack.count(TRADES, "source = 'simulator' AND channel = 'rest'") > 0
    assert (missing, expected) == (0, trades)
    shown = wait_until(lambda: stack.status()["trades"], 60, "the status knows of trades")  # in time, or not at all
    assert {entry["product_id"] for entry in shown} == set(session.before)
    assert sum(entry["trades"] for entry in shown) == held
    assert all(entry["missing"] == entry["open_gaps"] == entry["lost"] == 0 for entry in shown)


def test_a_flash_crash_is_one_alert(stack: Stack, session: Session) -> None:
    product = max(session.before)
    alerts = f"SELECT alert_id, alert_type, move_pct FROM {ALERTS} WHERE product_id = '{product}'"
    known = {row[0] for row in stack.presto(alerts)}
    session.exchange.set_rate(50)
    session.exchange.move_price(product, percent=-3, seconds=CRASH_S)
    new = wait_until(lambda: [row for row in stack.presto(alerts) if row[0] not in known], 60, "the alert")
    at_alert = session.made()
    wait_until(lambda: session.made() > at_alert + 50 * CRASH_S, 60, "the crash to end")
    session.exchange.set_rate(0)
    session.wait_until_complete(60)
    assert [row for row in stack.presto(alerts) if row[0] not in known] == new
    assert [(kind, Decimal(move) <= -2) for _, kind, move in new] == [("FLASH_CRASH", True)]
    assert Counter(alert["alert_id"] for alert in topic(stack, "market_alerts"))[new[0][0]] == 1


def topic(stack: Stack, name: str) -> list[dict[str, object]]:
    """Return all that a topic of one partition holds."""
    consumer = Consumer({
        "bootstrap.servers": stack.settings.kafka.bootstrap, "group.id": "test", "enable.partition.eof": False,
        "auto.offset.reset": "earliest", "enable.auto.commit": False,
    })  # fmt: skip
    consumer.subscribe([name])
    found: list[dict[str, object]] = []
    while message := consumer.poll(10 if not found else 2):
        assert message.error() is None
        found.append(json.loads(message.value() or b""))
    consumer.close()
    return found
