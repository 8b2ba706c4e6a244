"""What becomes of Kafka's records, and of a Kafka that is away."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from threading import Event
from typing import Any

import pytest
from confluent_kafka import Producer

from monitor.page.board import Board
from monitor.page.feed import TAILS, Feed, show
from pipeline.events.coin_prices import COIN_EVENTS, PriceEvent
from pipeline.events.trades import MARKET_ALERTS, RAW_TRADES, FrameHeaders

MATCH = {
    "type": "match", "product_id": "BTC-USD", "trade_id": 7, "price": "97123.46", "size": "0.10", "side": "sell",
    "time": "2026-11-30T08:06:07Z",
}  # fmt: skip
ALERT = {
    "alert_id": "a1", "alert_type": "FLASH_CRASH", "source": "s", "product_id": "BTC-USD", "window_s": 60,
    "move_pct": "-2", "reference_price": "2", "price": "1", "triggered_at": 5, "detected_at": 6,
}  # fmt: skip


WAIT_S = 20.0


def eventually(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def newest(board: Board) -> str | None:
    trades = board.whole()["trades"]
    return trades[-1].trade_id if trades else None


class Message:
    """A record as confluent-kafka hands it out."""

    def __init__(self, topic: str, value: object, ms: int = 1_796_025_967_000) -> None:
        self._topic, self._value, self._ms = topic, value, ms

    def topic(self) -> str:
        return self._topic

    def key(self) -> bytes:
        return b"BTC-USD"

    def value(self) -> bytes | None:
        return self._value if isinstance(self._value, bytes | None) else json.dumps(self._value).encode()

    def headers(self) -> list[tuple[str, bytes]]:
        return FrameHeaders("simulator", "matches", self._ms * 1000).to_kafka()

    def timestamp(self) -> tuple[int, int]:
        return (2, self._ms)


def shown(*messages: Message) -> tuple[Board, dict[str, Any]]:
    board = Board()
    for message in messages:
        show(board, message)  # type: ignore[arg-type]
    return board, board.whole()


def test_each_topic_goes_to_its_place() -> None:
    price = PriceEvent("bitcoin", datetime(2026, 1, 1, tzinfo=UTC), Decimal(5), None, None, "simulator")
    board, whole = shown(
        Message(RAW_TRADES.name, MATCH), Message(COIN_EVENTS.name, price.to_json()), Message(MARKET_ALERTS.name, ALERT)
    )
    assert whole["products"]["BTC-USD"].price == "97123.46"
    assert whole["coins"]["bitcoin"].price == "5"
    assert whole["alerts"]["a1"]["triggered_ms"] == 5
    assert board.lines().keys() == {"BTC-USD"}


@pytest.mark.parametrize("topic", [RAW_TRADES.name, COIN_EVENTS.name, MARKET_ALERTS.name])
@pytest.mark.parametrize("value", [None, b"", b"\xff", b"{}", b"[]"])
def test_what_cannot_be_read_shows_nothing(topic: str, value: bytes | None) -> None:
    assert shown(Message(topic, value))[1] == {"trades": []}


def test_heartbeats_are_heard() -> None:
    now_ms = round(time.time() * 1000)
    match = {**MATCH, "time": datetime.fromtimestamp(now_ms / 1000, UTC).isoformat()}
    board, _ = shown(
        Message(RAW_TRADES.name, match, now_ms),
        Message(RAW_TRADES.name, {"type": "heartbeat", "product_id": "BTC-USD"}, now_ms + 60_000),
    )
    assert [price for _, price in board.lines()["BTC-USD"]] == [97123.46, None]


def test_the_tail_is_read_first_and_then_what_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    """With librdkafka's own broker, which speaks the protocol and stores in memory."""
    monkeypatch.setattr("monitor.page.feed.TAILS", dict.fromkeys(TAILS, 5))
    producer = Producer({"bootstrap.servers": "none", "test.mock.num.brokers": 1})
    (broker,) = producer.list_topics(timeout=WAIT_S).brokers.values()
    now = datetime.now(UTC).isoformat()

    def trade(number: int) -> None:
        match = {**MATCH, "trade_id": number, "time": now}
        producer.produce(RAW_TRADES.name, json.dumps(match), b"BTC-USD", partition=0)
        producer.flush(WAIT_S)

    for topic in TAILS:
        producer.list_topics(topic, timeout=WAIT_S)  # makes it
    for number in range(20):
        trade(number)
    board, watched, stop = Board(), Event(), Event()
    watched.set()
    feed = Feed({"bootstrap.servers": f"{broker.host}:{broker.port}"}, board, watched, stop)
    feed.start()
    eventually(lambda: len(board.whole()["trades"]) == 5)
    update = board.take()
    assert update is not None
    assert ([each.trade_id for each in update["trades"]], update["traded"]) == (["15", "16", "17", "18", "19"], 0)
    trade(20)
    eventually(lambda: newest(board) == "20")
    update = board.take()
    assert update is not None
    assert update["traded"] == 1
    watched.clear()  # the last viewer has gone
    trade(21)
    time.sleep(0.5)
    assert newest(board) == "20"
    watched.set()
    eventually(lambda: newest(board) == "21")
    eventually(lambda: len(board.whole()["trades"]) == 5)
    assert [each.trade_id for each in board.whole()["trades"]] == ["17", "18", "19", "20", "21"]
    stop.set()
    feed.join(WAIT_S)


def test_a_kafka_that_is_away_is_said_and_does_not_hold_the_stop_up() -> None:
    board, watched, stop = Board(), Event(), Event()
    feed = Feed({"bootstrap.servers": "127.0.0.1:9"}, board, watched, stop)
    feed.start()
    time.sleep(0.2)
    assert board.whole() == {"trades": []}  # nobody watches: nothing was tried
    watched.set()
    eventually(lambda: "faults" in board.whole())
    assert board.whole()["faults"] == {"kafka": "Kafka at 127.0.0.1:9 does not answer"}
    stop.set()
    feed.join(WAIT_S)
    assert not feed._thread.is_alive()
