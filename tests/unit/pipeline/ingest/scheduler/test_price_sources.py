from __future__ import annotations

import pytest

from pipeline.ingest.scheduler.price_sources import price_sources
from pipeline.ingest.sources.coingecko import CoinGecko
from pipeline.run_files import Choice
from pipeline.settings import load_settings


@pytest.fixture
def load(tmp_path):
    return lambda **values: load_settings({"COINLAKE_HOME": str(tmp_path), **values})


def test_the_simulated_market_has_one_source(load):
    sources = price_sources(load(), Choice("simulator", "auto", ""))
    assert [link.ledger_name for link in sources.links] == ["simulator"]
    assert isinstance(sources.live, CoinGecko)
    assert sources.live is sources.links[0].source


def test_the_live_market_is_the_chain_in_its_order(load):
    sources = price_sources(load(), Choice("live", "auto", ""))
    assert [link.ledger_name for link in sources.links] == ["coingecko", "coinmetrics", "coinbase_candles"]
    assert isinstance(sources.live, CoinGecko)
    assert sources.live is sources.links[0].source


def test_another_servers_days_are_kept_apart(load):
    sources = price_sources(load(COINGECKO_URL="http://127.0.0.1:9/api/v3"), Choice("live", "auto", ""))
    assert sources.links[0].ledger_name == "coingecko@http://127.0.0.1:9/api/v3"
