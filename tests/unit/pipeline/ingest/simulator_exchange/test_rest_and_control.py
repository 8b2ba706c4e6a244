"""Coinbase's REST answers and the orders over HTTP, by a clock of the test's own."""

from __future__ import annotations

import pytest

from pipeline.ingest.simulator.app import create_simulator
from tests.support.exchange import Clock, new_feed

ORDER = "/simulator/exchange"
TRADES = "/products/BTC-USD/trades"


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def feed(clock):
    feed = new_feed(clock)
    feed.exchange.set_rate(1000)
    clock.now += 5
    return feed


@pytest.fixture
def http(feed, clock):
    return create_simulator(1, clock, feed=feed).test_client()


def ids(http, query=""):
    return [trade["trade_id"] for trade in http.get(f"{TRADES}?{query}").json]


def span(http):
    product = http.get(ORDER).json["products"]["BTC-USD"]
    return product["first_id"], product["last_id"]


def test_pages_are_of_a_thousand_newest_first_back_to_the_first_trade(http):
    first_id, last_id = span(http)
    assert ids(http) == list(range(last_id, last_id - 1000, -1))
    assert ids(http, "limit=5000&after=" + str(last_id)) == list(range(last_id - 1, last_id - 1001, -1))
    assert ids(http, f"limit=100&after={first_id + 3}") == [first_id + 2, first_id + 1, first_id]
    end = http.get(f"{TRADES}?after={first_id}")
    assert (end.json, "CB-AFTER" in end.headers) == ([], False)


def test_before_asks_for_newer_ones(http):
    _, last_id = span(http)
    assert ids(http, f"before={last_id - 3}") == [last_id, last_id - 1, last_id - 2]
    assert ids(http, f"before={last_id - 30}&after={last_id - 27}") == [last_id - 28, last_id - 29]


def test_a_trades_shape(http):
    [trade] = http.get(f"{TRADES}?limit=1").json
    assert trade.keys() == {"time", "trade_id", "price", "size", "side"}
    assert len(trade["price"].partition(".")[2]) == len(trade["size"].partition(".")[2]) == 8
    assert trade["time"].endswith("Z")


def test_unknown_products_and_bad_cursors(http):
    missing = http.get("/products/NO-USD/trades")
    assert (missing.status_code, missing.json) == (404, {"message": "NotFound"})
    bad = http.get(f"{TRADES}?after=x")
    assert (bad.status_code, bad.json) == (400, {"message": "Invalid after"})


def test_calls_fail_on_demand(http):
    http.post("/_simulator/faults", json={"status": 429, "retry_after": 2, "path": "/products/"})
    refused = http.get(TRADES)
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "2")
    assert http.get(TRADES).status_code == 200


def test_forgotten_trades_are_left_out(http):
    _, last_id = span(http)
    http.post(f"{ORDER}/forget", json={"product": "BTC-USD", "from": last_id - 5, "to": last_id - 2})
    assert ids(http, "limit=4") == [last_id, last_id - 1, last_id - 6, last_id - 7]


def test_where_ids_begin_anew_the_old_ones_are_gone(http, clock):
    http.post(f"{ORDER}/restart_ids", json={"product": "BTC-USD", "first_id": 10})
    clock.now += 0.06
    got = ids(http)
    assert got == list(range(got[0], 9, -1))
    assert span(http) == (10, got[0])


def test_orders_change_the_rate_and_the_price(http, clock):
    before = http.post(f"{ORDER}/rate", json={"rate": 4000, "trades": 100}).json
    price = float(before["products"]["BTC-USD"]["price"])
    assert http.post(f"{ORDER}/move", json={"product": "BTC-USD", "percent": -3, "seconds": 0.01}).status_code == 200
    clock.now += 1
    after = http.get(ORDER).json
    assert after["made"] == before["made"] + 100 + 50, "the old rate holds for another twentieth of a second"
    assert float(after["products"]["BTC-USD"]["price"]) == pytest.approx(price * 0.97, rel=2e-3)


def test_faults_are_ordered_planned_and_cleared(http):
    state = http.post(f"{ORDER}/faults", json={"kind": "drop", "count": 3, "times": 4}).json
    assert state["orders_waiting"] == 4
    state = http.put(f"{ORDER}/plan", json={"repeat": 0.5}).json
    assert (state["plan"]["repeat"], state["plan"]["drop"]) == (0.5, 0)
    state = http.delete(f"{ORDER}/faults").json
    assert (state["orders_waiting"], state["plan"]["repeat"]) == (0, 0)


@pytest.mark.parametrize(
    ("path", "values", "status"),
    [
        ("faults", {"kind": "sneeze"}, 400),
        ("faults", {"kind": "drop", "times": 0}, 400),
        ("faults", {"kind": "drop", "product": "NO-USD"}, 404),
        ("faults", {"count": 2}, 400),
        ("faults", [], 400),
        ("rate", {"rate": -1}, 400),
        ("rate", {"rate": 1, "trades": "x"}, 400),
        ("move", {"percent": -100, "seconds": 1}, 400),
        ("move", {"product": [], "percent": 1, "seconds": 1}, 400),
        ("forget", {"product": "BTC-USD", "from": 1}, 400),
        ("forget", {"from": 1, "to": 2}, 404),
        ("faults", {"kind": "drop", "product": []}, 400),
        ("restart_ids", {"product": "NO-USD"}, 404),
    ],
)
def test_orders_that_make_no_sense_are_refused(http, path, values, status):
    refused = http.post(f"{ORDER}/{path}", json=values)
    assert refused.status_code == status
    assert refused.json["error"]


def test_without_an_exchange_there_are_no_trades():
    assert create_simulator(1).test_client().get(TRADES).status_code == 404


def test_products_are_listed(http, feed):
    assert [entry["id"] for entry in http.get("/products").json] == list(feed.exchange.products)
