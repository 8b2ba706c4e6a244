"""The exchange's candles: what its own trades sum up to, as Coinbase answers."""

from __future__ import annotations

import json
from decimal import Decimal

import pytest

from pipeline.ingest.simulator.app import create_simulator
from tests.support.exchange import Clock, new_feed

CANDLES = "/products/BTC-USD/candles?granularity=60"


@pytest.fixture
def clock():
    clock = Clock()
    clock.now = 1_800_000_000.0  # a whole minute
    return clock


@pytest.fixture
def feed(clock):
    return new_feed(clock)


@pytest.fixture
def http(feed, clock):
    return create_simulator(1, clock, feed=feed).test_client()


def candles(http, query=""):
    return json.loads(http.get(CANDLES + query).data, parse_float=Decimal)


def summed_up(feed, clock):
    """Sum the product's trades up, minute by minute, newest first."""
    product = feed.exchange.product("BTC-USD")
    minutes = {}
    for n in range(product.made(int(clock.now * 1e6))):
        trade = product.trade(n)
        minutes.setdefault(trade.time_us // 60_000_000 * 60, []).append(trade)
    found = []
    for minute, trades in sorted(minutes.items(), reverse=True):
        prices = [Decimal(trade.price) for trade in trades]
        volume = sum(Decimal(trade.size) for trade in trades)
        found.append([minute, min(prices), max(prices), prices[0], prices[-1], volume])
    return found


def test_they_are_what_the_trades_sum_up_to_newest_first(feed, http, clock):
    feed.exchange.set_rate(3)
    clock.now += 400
    assert candles(http) == summed_up(feed, clock)
    assert len(candles(http)) == 7


def test_a_minute_without_a_trade_has_none(feed, http, clock):
    feed.exchange.set_rate(1, trades=20)
    clock.now += 300
    feed.exchange.set_rate(1)
    clock.now += 30
    found = [candle[0] for candle in candles(http)]
    assert found == [candle[0] for candle in summed_up(feed, clock)]
    assert found == [1_800_000_300, 1_800_000_000]


def test_a_minute_that_is_over_is_kept_and_the_newest_grows(feed, http, clock):
    feed.exchange.set_rate(3)
    clock.now += 90
    before = candles(http)
    clock.now += 20
    after = candles(http)
    assert after[1:] == before[1:]
    assert after[0][-1] > before[0][-1]
    assert after == summed_up(feed, clock)


def test_ids_that_were_reset_order_a_minutes_trades(feed, http, clock):
    feed.exchange.set_rate(3)
    clock.now += 30
    feed.exchange.restart_ids("BTC-USD", 1)
    clock.now += 60
    product = feed.exchange.product("BTC-USD")
    trades = [product.trade(n) for n in range(product.made(1_800_000_060_000_000 - 1))]
    lowest, highest = (choose(trades, key=lambda trade: trade.id) for choose in (min, max))
    assert candles(http)[-1][3:5] == [Decimal(lowest.price), Decimal(highest.price)]


def test_only_the_span_is_given_both_ends_included(feed, http, clock):
    feed.exchange.set_rate(3)
    clock.now += 400
    span = "&start=2027-01-15T08:01:00%2B00:00&end=2027-01-15T08:03:00%2B00:00"
    assert [candle[0] for candle in candles(http, span)] == [1_800_000_180, 1_800_000_120, 1_800_000_060]
    assert candles(http, "&start=1800000060&end=1800000180") == candles(http, span)


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("&granularity=61", None),
        ("&start=x", "start is not a valid time"),
        ("&start=1799900000&end=1800000000", "Count of aggregations requested exceeds 300"),
    ],
)
def test_what_cannot_be_answered_is_refused(http, query, message):
    answer = http.get(CANDLES + query if message else CANDLES.replace("60", "61"))
    assert answer.status_code == 400
    assert (message or "Unsupported granularity") in answer.json["message"]


def test_an_unknown_product_is_not_found(http):
    assert http.get("/products/NO-USD/candles").status_code == 404
