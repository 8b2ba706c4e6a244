"""The exchange's addresses: whatever is set, its WebSocket and its REST API are of one market, or the start stops."""

from __future__ import annotations

import itertools

import pytest

from pipeline.errors import SettingsError
from pipeline.markets import COINBASE, LIVE, SIMULATOR, same_server
from pipeline.settings import load_settings
from pipeline.settings.exchange import REST_URL, TradeMarket

FEED = "wss://ws-feed.exchange.coinbase.com"
OURS_WS, OURS_REST = "ws://127.0.0.1:9001", "http://127.0.0.1:9002"
SIM_WS, SIM_REST = "ws://127.0.0.1:20061", "http://127.0.0.1:20060"
REFUSED = "refused"


def exchange(ws: str, rest: str, **values: str):
    environ = {"COINLAKE_HOME": "/nowhere", "COINLAKE_PORT_BASE": "20000", **values}
    return load_settings(environ | {"COINBASE_WS_URL": ws, "COINBASE_REST_URL": rest}).markets.exchange


# What is set -> the live market's two addresses, or None for one that is unknown.
@pytest.mark.parametrize(
    ("ws", "rest", "live"),
    [
        ("", "", (FEED, REST_URL)),
        ("", OURS_REST, (FEED, REST_URL)),  # a REST address alone serves the history's candles
        (OURS_WS, "", (OURS_WS, None)),  # nobody knows its REST API: gaps stay open
        (OURS_WS, OURS_REST, (OURS_WS, OURS_REST)),
        (FEED, "", (FEED, REST_URL)),
        (FEED, OURS_REST, (FEED, OURS_REST)),
        (SIM_WS, "", (FEED, REST_URL)),
        (SIM_WS, SIM_REST, (FEED, REST_URL)),
        ("", SIM_REST, REFUSED),
        (OURS_WS, SIM_REST, REFUSED),
        (FEED, SIM_REST, REFUSED),
        (SIM_WS, OURS_REST, REFUSED),
        (SIM_WS, REST_URL, REFUSED),
    ],
)
def test_both_addresses_are_of_one_market_or_refused(ws, rest, live):
    if live == REFUSED:
        with pytest.raises(SettingsError, match=r"COINBASE_REST_URL=.*COINBASE_WS_URL"):
            exchange(ws, rest)
        return
    found = exchange(ws, rest)
    assert found.market(LIVE) == TradeMarket(LIVE, COINBASE, *live)
    assert found.market(SIMULATOR) == TradeMarket(SIMULATOR, SIMULATOR, SIM_WS, SIM_REST)
    named = {"": None, SIM_WS: found.simulator}.get(ws, found.live)
    assert found.named == named
    assert found.candles_url == (rest or REST_URL)


@pytest.mark.parametrize(("ws", "rest"), [*itertools.product(("", FEED, OURS_WS, SIM_WS), ("", OURS_REST, SIM_REST))])
def test_no_market_has_one_address_of_the_simulator_and_one_of_another(ws, rest):
    try:
        found = exchange(ws, rest)
    except SettingsError:
        return
    for market in (found.live, found.simulator, found.named):
        if market is not None:
            of_simulator = {market.ws_url == SIM_WS, market.rest_url == SIM_REST, market.source == SIMULATOR}
            assert len(of_simulator) == 1


def test_the_simulator_is_known_by_any_of_its_names():
    assert exchange("ws://localhost:20061/", "").named.kind == SIMULATOR
    assert exchange("ws://sim:20061", "http://sim:20060/", COINLAKE_SIMULATOR_HOST="sim").named.kind == SIMULATOR
    assert exchange("ws://127.0.0.1:20061", "", COINLAKE_SIMULATOR_HOST="sim").named.kind == LIVE


def test_advanced_trade_has_the_same_rest_api():
    assert exchange("", "", COINBASE_FEED="advanced").live == TradeMarket(
        LIVE, COINBASE, "wss://advanced-trade-ws.coinbase.com", REST_URL
    )


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("http://localhost:1/x", "http://127.0.0.1:1", True),
        ("http://localhost:1", "http://127.0.0.1:2", False),
        ("http://a:1", "http://127.0.0.1:1", False),
        ("http://A:1", "http://a:1", True),
        ("", "", False),
    ],
)
def test_the_same_server_under_other_names(one, other, same):
    assert same_server(one, other) is same
