"""Candles as a frame: types, units and labels, from the simulator and from no candle at all."""

from __future__ import annotations

import httpx
import pandas as pd
import pytest

from analysis.bitcoin_utils import fetch_price_as_ohlc
from analysis.pyspark_api.ohlc import closes
from pipeline.errors import UnknownCoinError
from pipeline.ingest.http import Parts
from pipeline.ingest.simulator.app import create_simulator
from pipeline.ingest.sources.coingecko import CoinGecko
from pipeline.settings import load_settings
from tests.support.clock import FakeClock
from tests.support.market import Market, reply
from tests.support.sources import coingecko

TYPES = {"timestamp": "datetime64[us, UTC]", **dict.fromkeys(("open", "high", "low", "close"), "float64")}


def simulated() -> CoinGecko:
    clock = FakeClock()
    app = create_simulator(seed=1, clock=lambda: clock.now().timestamp())
    parts = Parts(httpx.WSGITransport(app=app), clock.time, clock.sleep, clock.now)
    return CoinGecko(load_settings({"COINLAKE_HOME": "/nonexistent"}), "http://simulator.test/api/v3", parts)


def test_a_candle_is_a_row_at_its_close() -> None:
    market = Market([reply([[1_768_435_200_000, 2, 4.5, 1, 3]])])
    frame = fetch_price_as_ohlc("btc", 7, market=coingecko(market))
    assert frame.to_dict("records") == [
        {"timestamp": pd.Timestamp("2026-01-15", tz="UTC"), "open": 2.0, "high": 4.5, "low": 1.0, "close": 3.0}
    ]
    assert frame.dtypes.astype(str).to_dict() == TYPES
    assert frame.attrs == {"coin": "bitcoin", "source": "coingecko"}
    assert market.requests[0].url.path == "/api/v3/coins/bitcoin/ohlc"


def test_no_candles_are_a_frame_of_the_same_types() -> None:
    frame = fetch_price_as_ohlc("bitcoin", 1, market=coingecko(Market([reply([])])))
    assert frame.empty
    assert frame.dtypes.astype(str).to_dict() == TYPES


def test_closes_keep_coin_and_source() -> None:
    frame = fetch_price_as_ohlc("ethereum", 7, market=simulated())
    rows = closes(frame)
    assert len(rows) == 42
    assert set(zip(rows["coin"], rows["source"], strict=True)) == {("ethereum", "simulator")}
    assert rows["price_usd"].tolist() == frame["close"].tolist()
    assert rows["timestamp"].tolist() == frame["timestamp"].tolist()


def test_an_unknown_coin_is_an_error() -> None:
    with pytest.raises(UnknownCoinError, match="nocoin"):
        fetch_price_as_ohlc("nocoin", market=simulated())
