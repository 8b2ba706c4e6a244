"""Trades: whatever the feed, Kafka or a crash does, each is in the table once, and the ledger says what was missing."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from functools import partial
from itertools import groupby

import pytest
from confluent_kafka import Consumer

from pipeline.engines.supervisor import client
from tests.integration.test_crashes import kill, runs_anew
from tests.support.simulated_exchange import Id, SimulatedExchange
from tests.support.stack import Stack
from tests.support.trading import TRADES, Session
from tests.support.waiting import wait_until

ALERTS = "gold.dm_market_alerts"
IDLE_RATE = 5.0
SESSION = 200_000  # trades
FAULTS = {"drop": 3e-4, "repeat": 3e-4, "reorder": 3e-4, "half": 1e-4}
KAFKA_AWAY_S = 120
EXACT_PLACES = Decimal("1e-18")


def made_more_than(session: Session, trades: int) -> bool:
    return session.made() > trades


def ids_of(gaps: list[tuple[str, int, int, str, int, str]]) -> set[Id]:
    return {(product, number) for product, first, last, *_ in gaps for number in range(first, last + 1)}


@pytest.fixture
def session(stack: Stack) -> Iterator[Session]:
    """The exchange at rest, all that it made before being in the table."""
    exchange = SimulatedExchange(stack.settings.url("simulator"))
    exchange.set_rate(0)
    begun = Session(stack, exchange)
    newest = f"SELECT product_id, max(trade_id) FROM {TRADES} WHERE source = 'simulator' GROUP BY product_id"
    wait_until(lambda: dict(stack.presto(newest)) == begun.before, 60, "the trades so far are in the table")
    yield begun
    exchange.plan()
    exchange.set_rate(IDLE_RATE)


def test_the_ledger_equals_what_was_injected(session: Session) -> None:
    session.exchange.plan(**FAULTS)
    session.exchange.set_rate(4000, SESSION)
    for share, fault in enumerate(("disconnect", "silence", "disconnect"), start=1):
        wait_until(partial(made_more_than, session, share * SESSION // 4), 60, f"time for a {fault}")
        session.exchange.order(fault, seconds=1.0)
    wait_until(lambda: session.made() == SESSION, 120, "the exchange made them all")
    session.exchange.plan()
    session.wait_until_complete(180)
    injected = session.exchange.injected()["counts"]
    assert injected.keys() >= {*FAULTS, "disconnect", "silence"}
    assert sum(injected.values()) >= 50
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
    shown = stack.status()["trades"]
    assert {entry["product_id"] for entry in shown} == set(session.before)
    assert sum(entry["trades"] for entry in shown) == held
    assert all(entry["missing"] == entry["open_gaps"] == entry["lost"] == 0 for entry in shown)


def test_candles_equal_those_worked_out_here(stack: Stack, session: Session) -> None:
    product = min(session.before)
    columns = "CAST(date_trunc('minute', trade_time) AS varchar), trade_id, price, size"
    trades = stack.presto(f"SELECT {columns} FROM {TRADES} WHERE product_id = '{product}' ORDER BY trade_id")
    expected = {}
    for minute, group in groupby(sorted(trades), key=lambda trade: trade[0]):
        priced = [(Decimal(price), Decimal(size)) for _, _, price, size in group]
        prices, sizes = [price for price, _ in priced], [size for _, size in priced]
        turnover = sum((price * size for price, size in priced), Decimal()).quantize(EXACT_PLACES)
        figures = (prices[0], max(prices), min(prices), prices[-1], sum(sizes), turnover)
        expected[minute] = (*figures, len(priced))
    query = (
        "SELECT CAST(minute AS varchar), open, high, low, close, volume, turnover, trades "
        f"FROM silver.candles_1m WHERE product_id = '{product}'"
    )

    def candles() -> dict[str, tuple[object, ...]]:
        return {row[0]: (*map(Decimal, row[1:7]), row[7]) for row in stack.presto(query)}

    wait_until(lambda: sum(candle[-1] for candle in candles().values()) == len(trades), 60, "candles of all trades")  # type: ignore[misc]
    assert candles() == expected


def test_a_killed_producer_comes_back_and_fills_what_it_missed(stack: Stack, session: Session) -> None:
    session.exchange.set_rate(200)
    wait_until(lambda: session.made() > 400, 30, "trades flow")
    killed = kill(stack, "trades")
    wait_until(lambda: runs_anew(stack, "trades", killed), 60, "the producer runs again")
    seen = session.made()
    wait_until(lambda: session.made() > seen + 2000, 60, "more trades flow")
    session.exchange.set_rate(0)
    session.wait_until_complete(60)


def test_killed_streams_take_each_trade_once(stack: Stack, session: Session) -> None:
    session.exchange.set_rate(500)
    wait_until(lambda: session.counts()[0] > 1000, 60, "trades flow into the table")
    killed = kill(stack, "spark")
    wait_until(lambda: runs_anew(stack, "spark", killed), 60, "Spark runs again")
    wait_until(lambda: session.made() > 10_000, 60, "more trades flow")
    session.exchange.set_rate(0)
    session.wait_until_complete(120)


def test_kafka_stopped_for_a_while_loses_nothing(stack: Stack, session: Session) -> None:
    supervisor = client(stack.settings)
    session.exchange.set_rate(200)
    wait_until(lambda: session.counts()[0] > 400, 60, "trades flow into the table")
    supervisor.stop("kafka")
    try:
        at_stop = session.made()
        wait_until(lambda: session.made() > at_stop + 200 * KAFKA_AWAY_S, 2 * KAFKA_AWAY_S, "trades without Kafka")
    finally:
        supervisor.start("kafka")
    session.exchange.set_rate(0)
    session.wait_until_complete(120)


def test_a_flash_crash_is_one_alert(stack: Stack, session: Session) -> None:
    product = max(session.before)
    alerts = f"SELECT alert_id, alert_type, move_pct FROM {ALERTS} WHERE product_id = '{product}'"
    known = {row[0] for row in stack.presto(alerts)}
    session.exchange.set_rate(50)
    session.exchange.move_price(product, percent=-3, seconds=40)
    new = wait_until(lambda: [row for row in stack.presto(alerts) if row[0] not in known], 60, "the alert")
    at_alert = session.made()
    wait_until(lambda: session.made() > at_alert + 50 * 30, 60, "the crash to end")
    session.exchange.set_rate(0)
    session.wait_until_complete(60)
    assert [row for row in stack.presto(alerts) if row[0] not in known] == new
    assert [(kind, Decimal(move) <= -2) for _, kind, move in new] == [("FLASH_CRASH", True)]
    assert Counter(alert["alert_id"] for alert in topic(stack, "market_alerts"))[new[0][0]] == 1


def topic(stack: Stack, name: str) -> list[dict[str, object]]:
    """Return all that a topic of one partition holds."""
    consumer = Consumer({
        "bootstrap.servers": stack.settings.kafka_bootstrap, "group.id": "test", "enable.partition.eof": False,
        "auto.offset.reset": "earliest", "enable.auto.commit": False,
    })  # fmt: skip
    consumer.subscribe([name])
    found: list[dict[str, object]] = []
    while message := consumer.poll(10 if not found else 2):
        assert message.error() is None
        found.append(json.loads(message.value() or b""))
    consumer.close()
    return found


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("trade_coverage", []),
        ("coverage", []),
        ("trade_gaps", [24]),
        ("price_trend", [24]),
        ("volume_per_asset", [24]),
        ("live_alerts", [24]),
    ],
)
def test_each_query_of_the_monitor_answers(stack: Stack, name: str, params: list[object]) -> None:
    text = (stack.root / "analysis" / "sql" / f"{name}.sql").read_text(encoding="utf-8")
    assert stack.presto(text.rstrip().removesuffix(";"), params)
