from __future__ import annotations

import itertools
import json
import threading

import pytest

from pipeline.errors import FinalSourceError, RateLimitedError, RetryableSourceError
from pipeline.ingest import market_choice
from pipeline.ingest.market_choice import announce, choose, find_fault
from pipeline.ingest.trades.market_choice import trades_choice, wait_for_market
from pipeline.run_files import Choice, Markets
from pipeline.settings import load_settings
from pipeline.settings.exchange import REST_URL

FEED = "wss://ws-feed.exchange.coinbase.com"
OURS_WS, OURS_REST = "ws://127.0.0.1:9001", "http://127.0.0.1:9002"
SIM_WS, SIM_REST = "ws://127.0.0.1:20061", "http://127.0.0.1:20060"


@pytest.fixture
def load(tmp_path):
    return lambda **values: load_settings(
        {"COINLAKE_HOME": str(tmp_path), "COINLAKE_PORT_BASE": "20000", "COINLAKE_MARKET": "auto", **values}
    )


class Network:
    """What answers of the world outside; `asked` counts who was asked."""

    def __init__(self, monkeypatch):
        self.coingecko = self.exchange = None  # or the fault that asking raises
        self.asked = []
        monkeypatch.setattr(market_choice, "_ping_coingecko", lambda _settings: self._ask("coingecko"))
        monkeypatch.setattr(market_choice, "_ask_exchange", lambda _settings: self._ask("exchange"))

    def _ask(self, name):
        self.asked.append(name)
        fault = getattr(self, name)
        if fault is not None:
            raise fault

    def set(self, coingecko, exchange):
        self.coingecko = None if coingecko else RetryableSourceError("coingecko", "no route")
        self.exchange = None if exchange else RetryableSourceError("coinbase_trades", "no route")


@pytest.fixture
def network(monkeypatch):
    return Network(monkeypatch)


BOTH = (True, False)


MIXTURES = [*itertools.product(("auto", "live", "simulator"), BOTH, BOTH, ("", OURS_WS), ("", OURS_REST))]


@pytest.mark.parametrize("mixture", MIXTURES, ids=str)
def test_every_mixture_has_trades_of_one_exchange(load, network, mixture):
    setting, coingecko, exchange, ws, rest = mixture
    network.set(coingecko, exchange)
    settings = load(COINLAKE_MARKET=setting, COINBASE_WS_URL=ws, COINBASE_REST_URL=rest)
    announce(settings, choose(settings))
    market = wait_for_market(settings, threading.Event())
    prices = Markets.read(settings.run_dir).prices.kind
    if setting == "simulator" or (setting == "auto" and not ws and not exchange):
        assert (market.source, market.ws_url, market.rest_url) == ("simulator", SIM_WS, SIM_REST)
    else:
        pair = (ws, rest or None) if ws else (FEED, REST_URL)
        assert (market.source, market.ws_url, market.rest_url) == ("coinbase", *pair)
    assert prices == ("simulator" if setting == "simulator" or (setting == "auto" and not coingecko) else "live")
    assert market.kind == Markets.read(settings.run_dir).trades.kind
    assert set(network.asked) <= (set() if setting != "auto" else {"coingecko", "exchange"})


def test_an_exchange_that_a_user_names_is_not_asked(load, network):
    assert choose(load(COINBASE_WS_URL=OURS_WS)).trades == Choice("live", "auto", f"COINBASE_WS_URL={OURS_WS}")
    assert network.asked == ["coingecko"]


def test_a_server_named_by_the_user_counts_as_live(load, network):
    assert choose(load(COINGECKO_URL="http://127.0.0.1:9")).prices.kind == "live"
    assert network.asked == ["exchange"]


def test_the_simulators_own_addresses_are_the_simulator(load, network):
    chosen = choose(load(COINLAKE_MARKET="live", COINGECKO_URL=f"{SIM_REST}/api/v3", COINBASE_WS_URL=SIM_WS))
    assert (chosen.prices.kind, chosen.trades.kind) == ("simulator", "simulator")
    assert network.asked == []


@pytest.mark.parametrize("fault", [None, RateLimitedError("coingecko", 60)])
def test_auto_takes_a_live_market_that_answers(load, network, fault):
    network.coingecko = fault
    assert choose(load()).prices == Choice("live", "auto", "the live market of prices answers")


@pytest.mark.parametrize(
    "fault", [RetryableSourceError("coingecko", "cannot connect"), FinalSourceError("coingecko", "403: blocked here")]
)
def test_auto_falls_back_and_says_why(load, network, fault):
    network.coingecko = fault
    assert choose(load()).prices == Choice("simulator", "auto", f"the live market of prices does not answer: {fault}")


def test_a_market_that_hangs_is_not_waited_for():
    hold = threading.Event()
    fault = find_fault(lambda: hold.wait(10), limit_s=0.05)
    hold.set()
    assert fault == "nothing within 0.05 s"


def test_auto_keeps_the_last_choice_whatever_the_network_does(load, network, caplog):
    settings = load()
    network.set(coingecko=True, exchange=False)
    first = choose(settings)
    assert (first.prices.kind, first.trades.kind) == ("live", "simulator")
    network.asked.clear()
    network.set(coingecko=False, exchange=True)
    for _ in range(2):
        later = choose(settings)
        assert (later.prices.kind, later.trades.kind) == ("live", "simulator")
        assert first.trades.reason in later.trades.reason
        assert later.trades.reason.endswith("--market live changes it")
    assert network.asked == []


def test_only_a_market_that_is_asked_for_changes_what_auto_keeps(load, network):
    network.set(coingecko=False, exchange=False)
    assert choose(load()).prices.kind == "simulator"
    assert choose(load(COINLAKE_MARKET="live")).prices.kind == "live"
    kept = choose(load())
    assert (kept.prices.kind, kept.trades.kind) == ("live", "live")
    assert "COINLAKE_MARKET=live" in kept.prices.reason


def test_a_server_named_by_the_user_is_not_kept_longer_than_its_setting(load, network):
    network.set(coingecko=False, exchange=False)
    assert choose(load(COINBASE_WS_URL=OURS_WS)).trades.kind == "live"
    assert choose(load()).trades.kind == "simulator"
    assert choose(load(COINBASE_WS_URL=OURS_WS)).trades.kind == "live"
    assert choose(load()).trades.kind == "simulator"


@pytest.mark.parametrize("content", ["", "[]", '{"prices": 1}', '{"prices": {"market": "moon"}}'])
def test_a_spoilt_memory_is_as_none(load, network, content):
    settings = load()
    file = settings.data_dir / "scheduler" / "markets.json"
    file.parent.mkdir(parents=True)
    file.write_text(content)
    assert choose(settings).prices.kind == "live"
    network.set(coingecko=False, exchange=False)
    assert choose(settings).prices.kind == "live"


def test_the_simulator_is_announced_loudly_and_in_a_file(load, caplog):
    settings = load()
    announce(settings, Markets(Choice("live", "auto", "it answers"), Choice("simulator", "auto", "no route")))
    assert "SIMULATED MARKET: trades are simulated" in caplog.text
    assert "prices are made up" not in caplog.text
    assert json.loads((settings.run_dir / "market.json").read_text()) == {
        "market": "live",
        "market_setting": "auto",
        "market_reason": "it answers",
        "trades_market": "simulator",
        "trades_market_reason": "no route",
    }
    assert [path.name for path in settings.run_dir.iterdir()] == ["market.json"]


def test_trades_wait_for_a_choice_under_their_own_setting(load):
    settings = load()
    assert trades_choice(settings) is None
    Markets(Choice("live", "live", ""), Choice("live", "live", "")).write(settings.run_dir)
    assert trades_choice(settings) is None
    (settings.run_dir / "market.json").write_text('{"market": "live", "market_setting": "auto"}')
    assert trades_choice(settings) is None
    Markets(Choice("simulator", "auto", ""), Choice("live", "auto", "here")).write(settings.run_dir)
    assert trades_choice(settings) == Choice("live", "auto", "here")
