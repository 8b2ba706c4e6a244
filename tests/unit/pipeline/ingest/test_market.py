from __future__ import annotations

import json
import threading

import pytest

from pipeline.errors import FinalSourceError, RateLimitedError, RetryableSourceError
from pipeline.ingest.market import Choice, announce, choose, open_market
from pipeline.ingest.sources.coingecko import CoinGecko
from pipeline.settings import load_settings


@pytest.fixture
def load(tmp_path):
    return lambda **values: load_settings({"COINLAKE_HOME": str(tmp_path), **values})


class Probe:
    def __init__(self, fault=None, hold=None):
        self.fault, self.hold = fault, hold

    def ping(self):
        if self.hold is not None:
            self.hold.wait(10)
        if self.fault is not None:
            raise self.fault
        return "coingecko"


def never(_settings):
    raise AssertionError("nothing may be asked of the network")


@pytest.mark.parametrize("kind", ["live", "simulator"])
def test_what_is_asked_for_is_not_doubted(load, kind):
    choice = choose(load(COINLAKE_MARKET=kind), never)
    assert choice == Choice(kind, kind, f"COINLAKE_MARKET={kind}")


def test_a_server_named_by_the_user_counts_as_live(load):
    assert choose(load(COINGECKO_URL="http://127.0.0.1:9"), never).kind == "live"


@pytest.mark.parametrize("fault", [None, RateLimitedError("coingecko", 60)])
def test_auto_takes_a_live_market_that_answers(load, fault):
    assert choose(load(), lambda _: Probe(fault)).kind == "live"


@pytest.mark.parametrize(
    "fault", [RetryableSourceError("coingecko", "cannot connect"), FinalSourceError("coingecko", "403: blocked here")]
)
def test_auto_falls_back_and_tells_why(load, fault):
    choice = choose(load(), lambda _: Probe(fault))
    assert choice == Choice("simulator", "auto", f"the live market does not answer: {fault}")


def test_auto_does_not_wait_for_a_market_that_hangs(load):
    hold = threading.Event()
    choice = choose(load(), lambda _: Probe(hold=hold), limit_s=0.05)
    hold.set()
    assert choice.kind == "simulator"
    assert choice.reason.endswith("nothing within 0.05 s")


def test_the_simulator_is_announced_loudly_and_in_a_file(load, caplog):
    settings = load()
    announce(settings, Choice("simulator", "auto", "the live market does not answer: no route"))
    assert "SIMULATED MARKET" in caplog.text
    assert json.loads((settings.run_dir / "market.json").read_text()) == {
        "market": "simulator",
        "market_setting": "auto",
        "market_reason": "the live market does not answer: no route",
    }
    assert [path.name for path in settings.run_dir.iterdir()] == ["market.json"]


def test_a_live_market_is_not_called_simulated(load, caplog):
    announce(load(), Choice("live", "auto", "the live market answers"))
    assert "SIMULATED" not in caplog.text


def test_the_simulated_market_has_one_source(load):
    market = open_market(load(), Choice("simulator", "auto", ""))
    assert [link.ledger_name for link in market.links] == ["simulator"]
    assert isinstance(market.live, CoinGecko)
    assert market.live is market.links[0].source


def test_the_live_market_is_the_chain_in_its_order(load):
    market = open_market(load(), Choice("live", "auto", ""))
    assert [link.ledger_name for link in market.links] == ["coingecko", "coinmetrics", "coinbase_candles"]
    assert isinstance(market.live, CoinGecko)
    assert market.live is market.links[0].source


def test_another_servers_days_are_kept_apart(load):
    market = open_market(load(COINGECKO_URL="http://127.0.0.1:9/api/v3"), Choice("live", "auto", ""))
    assert market.links[0].ledger_name == "coingecko@http://127.0.0.1:9/api/v3"
