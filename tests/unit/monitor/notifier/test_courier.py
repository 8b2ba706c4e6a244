"""A courier with a real receiver: what fails in passing is tried again, what is refused is given up."""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Callable

import pytest

from monitor.notifier import courier as courier_module
from monitor.notifier.channels.base import Message
from monitor.notifier.channels.webhook import WebhookChannel
from monitor.notifier.courier import Courier
from monitor.notifier.outbox import Outbox
from monitor.notifier.retrying import RetryPolicy
from pipeline.settings.values import Secret
from tests.support.notices import Now, event
from tests.support.webhook import Receiver

Make = Callable[..., Outbox]
POLICY = RetryPolicy(uniform=lambda _low, high: high)


@pytest.fixture
def outbox(make_outbox: Make) -> Outbox:
    outbox = make_outbox()
    outbox.put([(event("a"), False)])
    return outbox


@pytest.fixture
def courier(outbox: Outbox, hook: Receiver) -> Courier:
    return Courier(outbox, WebhookChannel("one", Secret(hook.url)), threading.Event(), POLICY)


def state(outbox: Outbox) -> tuple[str, str]:
    (row,) = outbox.query("delivery", "a")
    return row["state"], row["error"]


def test_two_refusals_in_passing_then_success_is_one_message(
    outbox: Outbox, courier: Courier, hook: Receiver, now: Now
) -> None:
    hook.answers = [(503, {}), (503, {})]
    assert courier.step()
    assert not courier.step()
    now.time += 1
    assert courier.step()
    now.time += 2
    assert courier.step()
    assert state(outbox) == ("sent", "")
    assert [request.status for request in hook.requests] == [503, 503, 200]
    assert {(request.key, request.raw) for request in hook.requests} == {("a", hook.requests[0].raw)}
    assert not courier.step()
    assert courier.totals == {"failed": 2, "sent": 1}


def test_retry_after_is_kept_to(outbox: Outbox, courier: Courier, hook: Receiver) -> None:
    hook.answers = [(429, {"Retry-After": "120"})]
    courier.step()
    assert state(outbox) == ("retry", "answered 429")
    assert outbox.due_in_s("one") == 120


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 422, 301])
def test_a_refusal_for_good_is_given_up_at_once(outbox: Outbox, courier: Courier, hook: Receiver, status: int) -> None:
    hook.answers = [(status, {"Location": "http://127.0.0.1:1/"})]
    courier.step()
    assert state(outbox) == ("dead", f"answered {status}: refused for good")
    assert not courier.step()


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504])
def test_what_may_pass_is_tried_again(outbox: Outbox, courier: Courier, hook: Receiver, status: int) -> None:
    hook.answers = [(status, {})]
    courier.step()
    assert state(outbox) == ("retry", f"answered {status}")


def test_it_is_given_up_when_the_time_is_over(outbox: Outbox, courier: Courier, hook: Receiver, now: Now) -> None:
    hook.answers = [(503, {})]
    now.time += 86_400
    courier.step()
    assert state(outbox) == ("dead", "answered 503: given up after 1 attempts")


def test_nobody_there_may_pass(outbox: Outbox) -> None:
    Courier(outbox, WebhookChannel("one", Secret("webhook://127.0.0.1:1/x")), threading.Event()).step()
    assert state(outbox) == ("retry", "ConnectError")


ADDRESS = "slack://token-a/token-b"


class Broken:
    """A channel with a fault of its own."""

    name = "one"

    def send(self, _message: Message) -> None:
        raise KeyError(ADDRESS)

    def close(self) -> None:
        pass


def test_a_librarys_own_fault_is_logged_without_its_words(outbox: Outbox, caplog: pytest.LogCaptureFixture) -> None:
    Courier(outbox, Broken(), threading.Event()).step()
    assert state(outbox) == ("retry", "KeyError")
    assert "test_courier.py" in caplog.text
    assert "token-a" not in caplog.text


def test_on_a_full_disk_nothing_is_sent(
    outbox: Outbox, courier: Courier, hook: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(courier_module, "DISK_S", 0.0)

    def full(_channel: str) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(outbox, "claim", full)
    assert not courier.step()
    assert hook.requests == []


def test_a_disk_that_fills_during_the_sending_is_waited_for(
    outbox: Outbox,
    courier: Courier,
    hook: Receiver,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(courier_module, "DISK_S", 0.0)
    write, failures = outbox.sent, [1, 2]

    def full_twice(delivery: object) -> None:
        if failures:
            failures.pop()
            raise sqlite3.OperationalError("database or disk is full")
        write(delivery)  # type: ignore[arg-type]

    monkeypatch.setattr(outbox, "sent", full_twice)
    with caplog.at_level(logging.WARNING):
        courier.step()
    assert caplog.text.count("disk is full") == 2
    assert state(outbox) == ("sent", "")
    assert len(hook.requests) == 1
