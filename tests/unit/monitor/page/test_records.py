"""What the page reads from Kafka's records."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.page.records import CoinPrice, Trade, read_alert, read_coin_price, read_trades
from pipeline.events.coin_prices import PriceEvent
from pipeline.events.trades import Alert, FrameHeaders

HEADERS = dict(FrameHeaders("coinbase", "matches", 1_796_025_967_250_000).to_kafka())
MATCH = {
    "type": "match", "product_id": "BTC-USD", "trade_id": 7, "price": "97123.46", "size": "0.10", "side": "sell",
    "time": "2026-11-30T08:06:07.123456Z",
}  # fmt: skip
TRADE = Trade("BTC-USD", "7", "97123.46", "0.10", "sell", 1_796_025_967_123, 1_796_025_967_250, "coinbase")


def record(content: object) -> bytes:
    return json.dumps(content).encode()


def test_a_match_is_a_trade_with_its_digits_as_they_came() -> None:
    assert read_trades(record(MATCH), HEADERS, 1) == [TRADE]


def test_a_frame_of_the_other_feed_holds_several() -> None:
    one = {**MATCH, "trade_id": "8", "side": "BUY"}
    frame = {"channel": "market_trades", "events": [{"trades": [one, {**one, "trade_id": "9"}]}]}
    assert [(trade.trade_id, trade.side) for trade in read_trades(record(frame), HEADERS, 1)] == [
        ("8", "buy"),
        ("9", "buy"),
    ]


def test_without_headers_kafkas_time_counts_as_the_arrival() -> None:
    (trade,) = read_trades(record(MATCH), {}, 1_796_025_967_300)
    assert (trade.received_ms, trade.source) == (1_796_025_967_300, "")


@pytest.mark.parametrize(
    "content",
    [
        {"type": "heartbeat", "product_id": "BTC-USD", "last_trade_id": 7},
        {"type": "rest_trades", "product_id": "BTC-USD", "trades": [MATCH]},
        {**MATCH, "price": "0"},
        {**MATCH, "price": "NaN"},
        {**MATCH, "price": "1 USD"},
        {**MATCH, "price": 97123.46},
        {**MATCH, "time": "yesterday"},
        {**MATCH, "time": None},
        {"channel": "market_trades", "events": [{"trades": None}]},
        [MATCH],
        None,
    ],
)
def test_what_is_no_live_trade_is_nothing(content: object) -> None:
    assert read_trades(record(content), HEADERS, 1) == []


@given(st.binary())
def test_no_bytes_are_an_error(value: bytes) -> None:
    assert read_trades(value, HEADERS, 1) == []
    assert read_coin_price(value) is None
    assert read_alert(value) is None


def test_a_price_event_is_read_as_it_is_written() -> None:
    moment = datetime(2026, 11, 30, 8, tzinfo=UTC)
    event = PriceEvent("bitcoin", moment, Decimal("97123.4600"), None, None, "simulator")
    assert read_coin_price(event.to_json()) == CoinPrice("bitcoin", "97123.4600", 1_796_025_600_000, "simulator")


def test_an_alert_is_read_as_it_is_written() -> None:
    moment = datetime(2026, 11, 30, 8, tzinfo=UTC)
    price = Decimal("94500.12")
    event = Alert(
        "a1", "FLASH_CRASH", "simulator", "BTC-USD", 60, Decimal("-2.5"), Decimal(97000), moment, price, moment, moment
    )
    assert read_alert(event.to_json()) == {
        "alert_id": "a1",
        "alert_type": "FLASH_CRASH",
        "source": "simulator",
        "product_id": "BTC-USD",
        "window_s": 60,
        "move_pct": "-2.5",
        "reference_price": "97000",
        "price": "94500.12",
        "triggered_ms": 1_796_025_600_000,
        "detected_ms": 1_796_025_600_000,
    }
    assert read_alert(b'{"alert_id": "a1"}') is None
