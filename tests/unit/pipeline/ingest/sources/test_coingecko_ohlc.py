"""CoinGecko's candles: what is asked, what an answer becomes, and what is refused."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from pipeline.errors import BadDataError, UnknownCoinError
from pipeline.ingest.sources.coingecko_ohlc import OhlcCandle
from tests.support.market import Market, reply
from tests.support.sources import coingecko, day

MS = 1_768_435_200_000  # 2026-01-15
ROW = "[1768435200000, 57945.79, 59122.18, 57945.7, 59122]"
RECORDED = "coingecko/jf_ohlc_data_for_one_coin_in_the_last_7_days.json"


def test_a_candle_is_exact_and_stands_at_its_close():
    market = Market([reply(f"[{ROW}]")])
    got = coingecko(market).ohlc("bitcoin", 7)
    prices = [Decimal("57945.79"), Decimal("59122.18"), Decimal("57945.7"), Decimal(59122)]
    assert got.candles == (OhlcCandle(day("2026-01-15"), *prices),)
    assert (got.coin, got.source) == ("bitcoin", "coingecko")
    assert market.requests[0].url.path == "/api/v3/coins/bitcoin/ohlc"
    assert market.queries() == [{"vs_currency": "usd", "days": "7"}]


def test_candles_come_in_order_and_once():
    rows = [[MS, 2, 2, 2, 2], [MS - 1_800_000, 1, 1, 1, 1], [MS, 2, 2, 2, 2]]
    got = coingecko(Market([reply(rows)])).ohlc("bitcoin", "max")
    assert [candle.close for candle in got.candles] == [1, 2]


def test_no_candles_are_an_answer_too():
    assert coingecko(Market([reply([])])).ohlc("bitcoin", 1).candles == ()


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "not a list of candles"),
        ([1], r"holds 1, not \[milliseconds"),
        ([[MS, 1, 1, 1]], r"not \[milliseconds"),
        ([[MS, 1, 1, 1, None]], "price is missing"),
        ([[MS, 1, "x", 1, 1]], "is not a number"),
        ([[MS, 1, 0, 1, 1]], "not above 0"),
        ([[MS + 0.5, 1, 1, 1, 1]], "not a whole number"),
        ([[MS // 1000, 1, 1, 1, 1]], "are these seconds"),
    ],
)
def test_an_answer_of_another_shape_is_refused(body, words):
    with pytest.raises(BadDataError, match=words):
        coingecko(Market([reply(body)])).ohlc("bitcoin", 1)


def test_an_unlisted_coin():
    with pytest.raises(UnknownCoinError):
        coingecko(Market([reply({"error": "coin not found"}, 404)])).ohlc("nocoin", 1)


def test_a_recorded_answer_is_read(shared_data):
    recorded = (shared_data / RECORDED).read_text(encoding="utf-8")
    candles = coingecko(Market([reply(recorded)])).ohlc("bitcoin", 7).candles
    times = [candle.closed_at for candle in candles]
    assert times == [day("2021-05-08T20:00") + n * timedelta(hours=4) for n in range(42)]
    assert all(one.low <= min(one.open, one.close) <= max(one.open, one.close) <= one.high for one in candles)
