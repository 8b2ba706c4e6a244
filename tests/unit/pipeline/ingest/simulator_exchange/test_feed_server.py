"""The feed as a WebSocket client meets it, on a port of its own, and the HTTP calls beside it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import Iterator
from decimal import Decimal

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from pipeline.errors import ServiceError
from pipeline.ingest.simulator.app import create_simulator
from pipeline.ingest.simulator.exchange.feed_server import FeedServer
from pipeline.ingest.simulator.exchange.injected import Injected
from pipeline.ingest.simulator.exchange.market import Exchange
from pipeline.ingest.simulator.exchange.mischief import Mischief
from pipeline.ingest.simulator.exchange.session import Feed

PRODUCTS = ("BTC-USD", "ETH-USD")
SUBSCRIBE = {"type": "subscribe", "product_ids": [*PRODUCTS], "channels": ["matches", "heartbeat"]}
ORDER = "/simulator/exchange"


@pytest.fixture
def feed() -> Feed:
    exchange = Exchange(1, PRODUCTS)
    exchange.set_rate(500)
    return Feed(exchange, Mischief(1), Injected())


@pytest.fixture
def server(feed: Feed) -> Iterator[FeedServer]:
    server = FeedServer(feed, "127.0.0.1", 0)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def http(feed: Feed):
    return create_simulator(seed=1, feed=feed).test_client()


def talk(server: FeedServer, conversation):
    """Run a conversation, a coroutine of a connection, and return its answer."""

    async def begin():
        async with connect(f"ws://127.0.0.1:{server.port}", compression=None, proxy=None) as connection:
            return await asyncio.wait_for(conversation(connection), 10)

    return asyncio.run(begin())


async def frames(connection: ClientConnection, count: int):
    return [json.loads(await connection.recv()) for _ in range(count)]


async def until_closed(connection: ClientConnection):
    got = []
    with contextlib.suppress(ConnectionClosed):
        while True:
            got += await frames(connection, 1)
    return got


def test_the_exchange_feed_acknowledges_and_begins_with_the_newest_trade(server, feed):
    async def conversation(connection):
        await connection.send(json.dumps(SUBSCRIBE))
        return await frames(connection, 40)

    got = talk(server, conversation)
    assert got[0] == {
        "type": "subscriptions",
        "channels": [
            {"name": name, "product_ids": [*PRODUCTS], "account_ids": None} for name in ("matches", "heartbeat")
        ],
    }
    assert [(frame["type"], frame["product_id"]) for frame in got[1:3]] == [("last_match", name) for name in PRODUCTS]
    for name in PRODUCTS:
        ids = [frame["trade_id"] for frame in got[1:] if frame["product_id"] == name]
        assert ids == list(range(ids[0], ids[0] + len(ids)))
    assert list(got[3]) == [
        *("type", "trade_id", "maker_order_id", "taker_order_id", "side", "size"),
        *("price", "product_id", "sequence", "time"),
    ]


def test_a_web_page_is_turned_away(server):
    async def visit():
        async with connect(f"ws://127.0.0.1:{server.port}", origin="http://evil.test", proxy=None):
            pass

    with pytest.raises(InvalidStatus, match="403"):
        asyncio.run(visit())


def test_heartbeats_tell_the_newest_trade(server, feed):
    feed.exchange.set_rate(0)

    async def conversation(connection):
        await connection.send(json.dumps(SUBSCRIBE))
        while (beat := (await frames(connection, 1))[0])["type"] != "heartbeat":
            pass
        return beat

    beat = talk(server, conversation)
    assert list(beat) == ["type", "last_trade_id", "product_id", "sequence", "time"]
    assert beat["last_trade_id"] == feed.exchange.state()["products"]["BTC-USD"]["last_id"]


def test_advanced_trade_speaks_in_numbered_envelopes(server):
    async def conversation(connection):
        for channel in ("market_trades", "heartbeats"):
            message = {"type": "subscribe", "product_ids": ["BTC-USD"], "channel": channel}
            await connection.send(json.dumps(message))
        got = []
        while not got or got[-1]["channel"] != "heartbeats":
            got += await frames(connection, 1)
        return got

    got = talk(server, conversation)
    assert [frame["sequence_num"] for frame in got] == list(range(len(got)))
    assert got[0]["events"] == [{"subscriptions": {"market_trades": ["BTC-USD"]}}]
    assert got[-1]["events"][0]["heartbeat_counter"] == 1
    events = [event for frame in got if frame["channel"] == "market_trades" for event in frame["events"]]
    assert [event["type"] for event in events[:2]] == ["snapshot", "update"]
    ids = [int(trade["trade_id"]) for event in events for trade in reversed(event["trades"])]
    assert ids == list(range(ids[0], ids[0] + len(ids)))
    assert {trade["side"] for event in events for trade in event["trades"]} == {"BUY", "SELL"}


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ({**SUBSCRIBE, "product_ids": ["BTC-USD", "NO-USD"]}, "NO-USD is not a valid product"),
        ({**SUBSCRIBE, "channels": ["matches", "gossip"]}, "gossip is not a valid channel"),
        ({**SUBSCRIBE, "channels": []}, "channels is a list of channels"),
        ({**SUBSCRIBE, "product_ids": None}, "product_ids is a list of products"),
        ({"type": "subscribe", "channel": "market_trades"}, "product_ids is a list of products"),
        ({"type": "hello"}, "type is subscribe or unsubscribe"),
    ],
)
def test_what_cannot_be_subscribed_to_gets_an_error_frame(server, message, reason):
    async def conversation(connection):
        await connection.send(json.dumps(message))
        await connection.send("{")
        return await frames(connection, 2)

    refused, malformed = talk(server, conversation)
    assert refused == {"type": "error", "message": "Failed to subscribe", "reason": reason}
    assert malformed == {"type": "error", "message": "Malformed JSON"}


def test_channels_may_be_objects_and_be_left_again(server):
    async def conversation(connection):
        channels = [{"name": "matches", "product_ids": ["ETH-USD"]}, {"name": "heartbeat", "product_ids": ["BTC-USD"]}]
        await connection.send(json.dumps({"type": "subscribe", "channels": channels}))
        await connection.send(json.dumps({"type": "unsubscribe", "channels": channels[:1]}))
        got = []
        while sum(frame["type"] == "subscriptions" for frame in got) < 2:
            got += await frames(connection, 1)
        return got

    got = talk(server, conversation)
    assert {frame["product_id"] for frame in got if frame["type"] != "subscriptions"} == {"ETH-USD"}
    assert [entry["name"] for entry in got[-1]["channels"]] == ["heartbeat"]


@pytest.mark.parametrize(("cut", "code"), [(False, 1012), (True, 1006)])
def test_a_disconnection_leaves_the_client_outside_for_a_while(server, feed, http, cut, code):
    async def conversation(connection):
        await connection.send(json.dumps(SUBSCRIBE))
        ids = [frame["trade_id"] for frame in await frames(connection, 20) if frame.get("product_id") == "BTC-USD"]
        http.post(f"{ORDER}/faults", json={"kind": "disconnect", "seconds": 0.2, "cut": cut})
        ids += [one["trade_id"] for one in await until_closed(connection) if one.get("product_id") == "BTC-USD"]
        assert connection.close_code == code
        with pytest.raises(InvalidStatus):
            async with connect(f"ws://127.0.0.1:{server.port}", proxy=None):
                pass
        await asyncio.sleep(0.2)
        return ids

    async def again(connection):
        await connection.send(json.dumps({**SUBSCRIBE, "product_ids": ["BTC-USD"]}))
        return (await frames(connection, 2))[1]["trade_id"]

    ids, newest = talk(server, conversation), talk(server, again)
    assert http.get(f"{ORDER}/injected").json["missing"] == {"BTC-USD": [[ids[-1] + 1, newest - 1]]}


def test_rest_has_what_the_feed_dropped(server, feed, http):
    async def conversation(connection):
        http.post(f"{ORDER}/faults", json={"kind": "drop", "product": "BTC-USD", "count": 5})
        await connection.send(json.dumps(SUBSCRIBE))
        return [frame for frame in await frames(connection, 60) if frame.get("type") == "match"]

    time.sleep(0.15)  # some trades before the subscription
    matches = talk(server, conversation)
    [[low, high]] = http.get(f"{ORDER}/injected").json["missing"]["BTC-USD"]
    page = http.get(f"/products/BTC-USD/trades?limit=20&after={high + 11}")
    assert [trade["trade_id"] for trade in page.json] == list(range(high + 10, high - 10, -1))
    assert (page.headers["CB-BEFORE"], page.headers["CB-AFTER"]) == (str(high + 10), str(high - 9))
    rest = {trade["trade_id"]: trade for trade in page.json}
    both = [
        (frame, rest[frame["trade_id"]])
        for frame in matches
        if frame["product_id"] == "BTC-USD" and frame["trade_id"] in rest
    ]
    assert both
    for frame, trade in both:
        assert (frame["side"], frame["time"]) == (trade["side"], trade["time"])
        assert Decimal(frame["price"]) == Decimal(trade["price"])
        assert Decimal(frame["size"]) == Decimal(trade["size"])
    assert set(range(low, high + 1)).isdisjoint(frame["trade_id"] for frame in matches)


def test_a_port_in_use_is_said(server, feed):
    with pytest.raises(ServiceError, match=str(server.port)):
        FeedServer(feed, "127.0.0.1", server.port).start()
