from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

import pytest
from websockets.asyncio.server import serve

from pipeline.ingest.trades.backoff import Backoff, SilenceWatch
from pipeline.ingest.trades.feed import Feed, Listener, Parts
from pipeline.ingest.trades.protocols import Subscription, subscriptions
from pipeline.settings import load_settings

PRODUCTS = ("BTC-USD", "ETH-USD")


class Exchange:
    """A feed server; `play` is called with each connection's socket and number."""

    def __init__(self, play):
        self.play, self.asked, self.agents = play, [], []

    async def handle(self, socket):
        self.agents.append(socket.request.headers["User-Agent"])
        self.asked.append(await socket.recv())
        await self.play(socket, len(self.asked))


class Session:
    """A feed reading from an exchange until `enough` of its frames are here."""

    def __init__(self, silence_s=5.0):
        self.got, self.connected, self.waits, self.full = [], [], [], False
        self.parts = Parts(silence_s=silence_s, look_s=0.01, backoff=Backoff(self.no_wait))

    def no_wait(self, low, high):
        self.waits.append(high)
        return 0.0

    async def run(self, play, enough: Callable[[], bool]):
        exchange = Exchange(play)
        async with serve(exchange.handle, "127.0.0.1", 0) as server:
            port = server.sockets[0].getsockname()[1]
            listener = Listener(
                lambda frame, at: self.got.append((frame, at)), self.connected.append, lambda: self.full
            )
            self.feed = Feed(Subscription(f"ws://127.0.0.1:{port}", PRODUCTS, ("subscribe",)), listener, self.parts)
            task = asyncio.create_task(self.feed.run())
            async with asyncio.timeout(10):
                while not enough():
                    await asyncio.sleep(0.005)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
        return exchange

    @property
    def frames(self):
        return [frame for frame, _ in self.got]


def test_frames_come_as_they_were_sent_with_their_time():
    session = Session()

    async def play(socket, _number):
        await socket.send('{"type":"match"}')
        await socket.send("{half a fra")
        await socket.send(b"\xff\x00")
        await socket.wait_closed()

    exchange = asyncio.run(session.run(play, lambda: len(session.got) == 3))
    assert session.frames == [b'{"type":"match"}', b"{half a fra", b"\xff\x00"]
    assert all(at > 1_700_000_000_000_000 for _, at in session.got)
    assert session.connected == [PRODUCTS]
    assert exchange.asked == ["subscribe"]
    assert "coinlake" in exchange.agents[0].lower()


def test_a_connection_that_ends_is_made_anew_and_subscribed_again():
    session = Session()

    async def play(socket, number):
        await socket.send(str(number))
        if number == 2:
            socket.transport.abort()
        elif number < 4:
            await socket.close(1001)
        else:
            await socket.wait_closed()

    exchange = asyncio.run(session.run(play, lambda: len(session.got) >= 4))
    assert session.frames == [b"1", b"2", b"3", b"4"]
    assert exchange.asked == ["subscribe"] * 4
    assert session.connected == [PRODUCTS] * 4
    assert session.waits == [0.5, 1.0, 2.0]


def test_an_exchange_that_refuses_is_asked_again():
    session = Session()

    async def play(socket, _number):
        await socket.send("x")
        await socket.wait_closed()

    async def refuse_first():
        port_holder = await asyncio.start_server(lambda _r, w: w.close(), "127.0.0.1", 0)
        url = f"ws://127.0.0.1:{port_holder.sockets[0].getsockname()[1]}"
        feed = Feed(
            Subscription(url, PRODUCTS, ()), Listener(lambda *_: None, lambda _: None, lambda: False), session.parts
        )
        task = asyncio.create_task(feed.run())
        async with asyncio.timeout(10):
            while len(session.waits) < 3:
                await asyncio.sleep(0.005)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        port_holder.close()
        return feed

    feed = asyncio.run(refuse_first())
    assert feed.connections == 0
    assert not feed.is_connected


def test_silence_ends_a_connection():
    session = Session(silence_s=0.05)

    async def play(socket, number):
        await socket.send(str(number))
        await socket.wait_closed()

    asyncio.run(session.run(play, lambda: len(session.got) == 3))
    assert session.feed.connections == 3


def test_a_full_spool_stops_the_reading_and_keeps_the_connection():
    session = Session(silence_s=0.05)

    async def play(socket, _number):
        session.full = True
        for number in range(3):
            await socket.send(str(number))
        await asyncio.sleep(0.15)
        assert len(session.got) == 1
        session.full = False
        await socket.send("more")
        await socket.wait_closed()

    asyncio.run(session.run(play, lambda: len(session.got) == 4))
    assert session.frames == [b"0", b"1", b"2", b"more"]
    assert session.feed.connections == 1


def test_waits_grow_to_half_a_minute_and_restart_after_a_healthy_minute():
    backoff = Backoff(lambda _low, high: high)
    assert [backoff.wait_s(0) for _ in range(8)] == [0.5, 1, 2, 4, 8, 16, 30, 30]
    assert backoff.wait_s(59) == 30
    assert backoff.wait_s(60) == 0.5
    assert backoff.wait_s(3) == 1


def test_the_jitter_is_full():
    waits = []

    def roll(low, high):
        waits.append((low, high))
        return low

    assert Backoff(roll).wait_s(0) == 0.0
    assert waits == [(0.0, 0.5)]


def test_silence_is_ten_seconds_without_any_frame():
    watch = SilenceWatch(now=100.0)
    assert not watch.is_silent(1, 109.0)
    assert not watch.is_silent(1, 118.9)
    assert watch.is_silent(1, 119.0)


def test_not_reading_is_no_silence():
    watch = SilenceWatch(now=0.0)
    assert not watch.is_silent(0, 50.0, is_reading=False)
    assert not watch.is_silent(0, 59.0)
    assert watch.is_silent(0, 60.0)


@pytest.fixture
def load(tmp_path):
    def build(**values):
        return load_settings({"COINLAKE_HOME": str(tmp_path), "COINBASE_PRODUCTS": "BTC-USD,ETH-USD", **values})

    return build


def connections(settings):
    return subscriptions(settings, settings.markets.exchange.live)


def test_the_exchanges_feed(load):
    (found,) = connections(load())
    assert found.url == "wss://ws-feed.exchange.coinbase.com"
    assert [json.loads(message) for message in found.messages] == [
        {"type": "subscribe", "product_ids": ["BTC-USD", "ETH-USD"], "channels": ["matches", "heartbeat"]}
    ]


def test_advanced_trade(load):
    (found,) = connections(load(COINBASE_FEED="advanced"))
    assert found.url == "wss://advanced-trade-ws.coinbase.com"
    assert [json.loads(message) for message in found.messages] == [
        {"type": "subscribe", "product_ids": ["BTC-USD", "ETH-USD"], "channel": "market_trades"},
        {"type": "subscribe", "product_ids": ["BTC-USD", "ETH-USD"], "channel": "heartbeats"},
    ]


def test_many_products_share_connections(load):
    names = ",".join(f"C{number}-USD" for number in range(120))
    found = connections(load(COINBASE_PRODUCTS=names))
    assert [len(one.products) for one in found] == [50, 50, 20]
    assert [name for one in found for name in one.products] == names.split(",")
