"""The market that a notebook asks, and the record that one price becomes."""

from __future__ import annotations

from pathlib import Path

import pytest

from analysis.pyspark_api.market import configured_market, price_fetcher
from pipeline.errors import BadDataError
from pipeline.run_files import Choice, Markets
from pipeline.settings import load_settings
from tests.support.market import Market, reply
from tests.support.sources import coingecko

OWN = "http://127.0.0.1:1/api/v3"
SIMULATOR = "http://127.0.0.1:18060/api/v3"
COINGECKO = "https://api.coingecko.com/api/v3"


def address(home: Path, **environ: str) -> str:
    """Return the base address of the market that these settings name."""
    market = configured_market(load_settings({"COINLAKE_HOME": str(home), **environ}))
    market.close()
    return market._http.base_url


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, COINGECKO),
        ({"COINGECKO_URL": OWN}, OWN),
        ({"COINLAKE_MARKET": "simulator"}, SIMULATOR),
        ({"COINLAKE_MARKET": "simulator", "COINGECKO_URL": OWN}, SIMULATOR),
        ({"COINGECKO_TIER": "pro"}, "https://pro-api.coingecko.com/api/v3"),
    ],
)
def test_the_settings_choose(tmp_path: Path, environ: dict[str, str], expected: str) -> None:
    assert address(tmp_path, **environ) == expected


def test_a_lake_that_simulates_is_followed_where_the_settings_leave_it_open(tmp_path: Path) -> None:
    simulated = Choice("simulator", "auto", "no network")
    Markets(simulated, simulated).write(load_settings({"COINLAKE_HOME": str(tmp_path)}).run_dir)
    assert address(tmp_path) == SIMULATOR
    assert address(tmp_path, COINLAKE_MARKET="live") == COINGECKO
    assert address(tmp_path, COINGECKO_URL=OWN) == OWN


def test_a_price_becomes_a_record() -> None:
    entry = {"bitcoin": {"usd": 64000.5, "last_updated_at": 1768435200}}
    market = Market([reply(entry), reply(entry, headers={"X-Coinlake-Simulator": "1"})])
    fetch = price_fetcher(coingecko(market), "btc")
    record = {"coin": "bitcoin", "timestamp": "2026-01-15T00:00:00+00:00", "price_usd": 64000.5, "source": "coingecko"}
    assert fetch() == [record]
    assert fetch() == [record | {"source": "simulator"}]


def test_a_coin_without_a_price_is_an_error() -> None:
    with pytest.raises(BadDataError, match="bitcoin: price is missing"):
        price_fetcher(coingecko(Market([reply({})])))()
