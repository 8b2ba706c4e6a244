from __future__ import annotations

import json

import pytest

from pipeline.ingest.trades.frames import Frame, read_frame

MATCH = {
    "type": "match",
    "trade_id": 1087540758,
    "side": "buy",
    "size": "0.00000009",
    "price": "77572.87",
    "product_id": "BTC-USD",
    "sequence": 135437581854,
    "time": "2026-09-02T07:44:10.104422Z",
}


def frame(**values):
    return json.dumps({name: value for name, value in values.items() if value is not None}).encode()


@pytest.mark.parametrize("kind", ["match", "last_match"])
def test_a_match(kind):
    read = read_frame(frame(**MATCH | {"type": kind}))
    assert read == Frame("trades", "matches", "BTC-USD", (("BTC-USD", (1087540758,)),))


def test_an_id_may_be_text():
    assert read_frame(frame(**MATCH | {"trade_id": "17"})).trades == (("BTC-USD", (17,)),)


@pytest.mark.parametrize("trade_id", [None, "x", "", "1.5", 1.5, True, "9" * 20, "\u0661\u0667", [1]])
def test_a_match_without_a_usable_id_keeps_its_product(trade_id):
    assert read_frame(frame(**MATCH | {"trade_id": trade_id})) == Frame("unreadable", "matches", "BTC-USD")


def test_a_match_without_a_product():
    assert read_frame(frame(**MATCH | {"product_id": None})) == Frame("unreadable", "matches", None)


def market_trades(*trades):
    return frame(channel="market_trades", sequence_num=0, events=[{"type": "update", "trades": list(trades)}])


def test_market_trades_of_two_products():
    read = read_frame(
        market_trades(
            {"product_id": "ETH-USD", "trade_id": "9"},
            {"product_id": "BTC-USD", "trade_id": "5"},
            {"product_id": "ETH-USD", "trade_id": "8"},
        )
    )
    assert read == Frame("trades", "market_trades", "ETH-USD", (("ETH-USD", (9, 8)), ("BTC-USD", (5,))))


def test_one_bad_trade_does_not_hide_the_others():
    read = read_frame(market_trades({"product_id": "ETH-USD"}, {"product_id": "ETH-USD", "trade_id": "8"}, None))
    assert read == Frame("unreadable", "market_trades", "ETH-USD", (("ETH-USD", (8,)),))


def test_a_page_from_rest():
    page = frame(type="rest_trades", product_id="BTC-USD", trades=[{"trade_id": 4}, {"trade_id": 3}])
    assert read_frame(page) == Frame("trades", "rest", "BTC-USD", (("BTC-USD", (4, 3)),))


def test_a_heartbeat_tells_the_newest_trade():
    read = read_frame(frame(type="heartbeat", last_trade_id=7, product_id="BTC-USD", sequence=1))
    assert read == Frame("other", "heartbeat", "BTC-USD", (), 7)


def test_an_error_tells_its_reason():
    read = read_frame(frame(type="error", message="Failed to subscribe", reason="no such product"))
    assert (read.kind, read.error) == ("other", "Failed to subscribe: no such product")


@pytest.mark.parametrize(
    ("body", "channel"),
    [
        ({"type": "subscriptions", "channels": []}, "subscriptions"),
        ({"channel": "heartbeats", "events": []}, "heartbeats"),
        ({"type": "brand_new"}, "brand_new"),
        ({"type": 5}, "unknown"),
        ({}, "unknown"),
    ],
)
def test_other_frames(body, channel):
    assert read_frame(json.dumps(body).encode()) == Frame("other", channel, None)


@pytest.mark.parametrize("text", [b"", b'{"type":"mat', b"[1]", b"null", b"7", b"\xff", b'"match"'])
def test_what_is_no_object_is_unreadable(text):
    assert read_frame(text) == Frame("unreadable", "unknown", None)


@pytest.mark.parametrize("events", [None, 5, [None], [{}], [{"trades": None}]])
def test_market_trades_of_another_shape(events):
    body = json.dumps({"channel": "market_trades", "events": events}).encode()
    assert read_frame(body).kind == "unreadable"
