"""Alerts and alarms reach real receivers, each once, though these fail and the notifier is killed."""

from __future__ import annotations

import json
import os
import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from pipeline.run_files import Beat
from pipeline.simulated_exchange import SimulatedExchange
from tests.support.killing import kill_and_wait
from tests.support.stack import Stack
from tests.support.trading import IDLE_RATE
from tests.support.waiting import wait_until
from tests.support.webhook import Receiver, receiver

ALERT_S = 90  # from a move to its alert, on a busy machine
ALERTS = "gold.dm_market_alerts"


@pytest.fixture(scope="module")
def receivers(stack: Stack, channels: Path) -> Iterator[tuple[Receiver, Receiver]]:
    """Where the lake's alerts and its alarms are sent."""
    with ExitStack() as servers:
        market, duty = (servers.enter_context(receiver()) for _ in range(2))
        use(stack, channels, f"alerts={market.url}\nalarms={duty.url}\n", 2)
        yield market, duty
        use(stack, channels, "log\n", 1)


def use(stack: Stack, channels: Path, content: str, number: int) -> None:
    """Have the notifier start with other channels."""
    channels.write_text(content)
    kill_and_wait(stack, "notifier")
    wait_until(lambda: len(figures(stack).get("channels", ())) == number, 60, "the notifier has its channels")


def figures(stack: Stack) -> dict[str, Any]:
    beat = Beat.read(stack.settings.run_dir, "notifier")
    return dict(beat.figures) if beat and beat.pid == stack.service_pid("notifier") else {}


@pytest.fixture
def exchange(stack: Stack) -> Iterator[SimulatedExchange]:
    """The exchange, with enough trades for a move to be seen at once."""
    found = SimulatedExchange.of(stack.settings)
    found.set_rate(50)
    yield found
    found.set_rate(IDLE_RATE)


def crash(stack: Stack, exchange: SimulatedExchange, product: str) -> str:
    """Have a price crash; return the key of the alert, once that is in the table."""
    query = f"SELECT alert_id FROM {ALERTS} WHERE product_id = '{product}' AND alert_type = 'FLASH_CRASH'"
    known = stack.presto(query)
    exchange.move_price(product, percent=-4, seconds=5)
    (new,) = wait_until(lambda: [row for row in stack.presto(query) if row not in known], ALERT_S, "the alert")
    return f"alert:{new[0]}"


def test_an_alert_arrives_once_at_a_receiver_that_fails_twice(
    stack: Stack, exchange: SimulatedExchange, receivers: tuple[Receiver, Receiver]
) -> None:
    market, _ = receivers
    market.answers = [(503, {}), (503, {"Retry-After": "1"})]
    key = crash(stack, exchange, "BTC-USD")
    wait_until(lambda: market.times_taken[key], 60, "the alert at the receiver")
    wait_until(lambda: not any(figures(stack).get(name, 1) for name in ("pending", "retrying")), 30, "all is sent")
    assert market.times_taken == Counter(market.times_taken.keys())
    assert Counter(request.status for request in market.requests)[503] == 2
    (taken,) = [request for request in market.taken if request.key == key]
    assert taken.body["title"].startswith("[SIMULATED] FLASH_CRASH BTC-USD -")
    assert "SIMULATED" in taken.body["text"]


def test_an_alert_arrives_once_by_its_key_though_the_notifier_is_killed_while_it_sends(
    stack: Stack, exchange: SimulatedExchange, receivers: tuple[Receiver, Receiver], failpoints: Path
) -> None:
    market, _ = receivers
    (failpoints / "notifier.sent").touch()  # sent and not noted: the worst moment
    key = crash(stack, exchange, "SOL-USD")
    wait_until(lambda: market.times_taken[key] == 2, 90, "the alert, and again after the kill")
    wait_until(lambda: figures(stack).get("messages_sent"), 30, "the new process has noted it")
    assert not (failpoints / "notifier.sent").exists()
    assert len({request.raw for request in market.taken if request.key == key}) == 1
    listed = json.loads(stack.script("monitor/alerts.sh", "list", "--all", "--json"))
    (row,) = [row for row in listed["messages"] if row["event_key"] == key]
    assert (row["state"], row["interrupted"], row["attempts"]) == ("sent", 1, 2)


def test_a_service_that_hangs_is_an_alarm_and_its_end_a_recovery(
    stack: Stack, receivers: tuple[Receiver, Receiver]
) -> None:
    _, duty = receivers
    pid = stack.service_pid("trades")
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    try:
        wait_until(lambda: about(duty, "service.trades"), 120, "the alarm")
        faults = wait_until(lambda: alarms_of(stack), 30, "the status has it")
    finally:
        os.kill(pid, signal.SIGCONT)
    assert [fault for fault in faults if fault.startswith("alarm service.trades: the last heartbeat of trades was")]
    wait_until(lambda: len(about(duty, "service.trades")) == 2, 60, "the recovery")
    raised, recovered = about(duty, "service.trades")
    assert (raised["kind"], recovered["kind"]) == ("alarm", "recovery")
    assert recovered["data"]["since"] == raised["data"]["since"]
    assert recovered["data"]["evaluations"] >= 3
    wait_until(lambda: "service.trades" not in figures(stack).get("alarms", "service.trades"), 30, "it is closed")


def about(receiver: Receiver, subject: str) -> list[dict[str, Any]]:
    return [request.body for request in receiver.taken if request.body["subject"] == subject]


def alarms_of(stack: Stack) -> list[str]:
    return [fault for fault in stack.status()["faults"] if fault.startswith("alarm service.trades")]
