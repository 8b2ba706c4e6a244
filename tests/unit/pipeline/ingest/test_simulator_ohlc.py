"""The simulator's candles: their width, their times, and that they are made of its own prices."""

from __future__ import annotations

import json
from itertools import pairwise

import pytest

from pipeline.ingest.simulator.app import create_simulator
from pipeline.ingest.simulator.coins import day_ms

MINUTE_MS, DAY_MS = 60_000, 86_400_000
NOW_MS = day_ms("2026-01-15") + 45_005_123  # 12:30:05
RECORDED = "coingecko/jf_ohlc_data_for_one_coin_in_the_last_{}.json"


@pytest.fixture
def api():
    return create_simulator(seed=1, clock=lambda: NOW_MS / 1000, coins=("bitcoin", "solana")).test_client()


def ohlc(api, days, coin="bitcoin"):
    return api.get(f"/api/v3/coins/{coin}/ohlc?vs_currency=usd&days={days}").json


@pytest.mark.parametrize(
    ("days", "minutes", "count"),
    [(1, 30, 48), (7, 240, 42), (14, 240, 84), (30, 240, 180), (90, 5760, 23), (180, 5760, 45), (365, 5760, 92)],
)
def test_the_days_choose_the_width(api, days, minutes, count):
    closes = [row[0] for row in ohlc(api, days)]
    assert len(closes) == count
    assert {later - earlier for earlier, later in pairwise(closes)} == {minutes * MINUTE_MS}
    assert all(NOW_MS - days * DAY_MS < close <= NOW_MS and close % (minutes * MINUTE_MS) == 0 for close in closes)
    assert NOW_MS - closes[-1] < minutes * MINUTE_MS


def test_a_candle_is_made_of_the_prices_of_its_time(api):
    [*_, (close_ms, opened, high, low, close)] = ohlc(api, 30)
    span = f"from={close_ms // 1000 - 14_400}&to={close_ms // 1000}"
    chart = api.get(f"/api/v3/coins/bitcoin/market_chart/range?vs_currency=usd&{span}").json
    prices = [price for _, price in chart["prices"]]
    assert low <= min(opened, close) <= max(opened, close) <= high
    assert low < high
    assert all(low * 0.99 < price < high * 1.01 for price in prices)
    assert close == pytest.approx(prices[-1], rel=0.01)


def test_all_candles_begin_with_the_coin(api):
    whole, younger = ohlc(api, "max"), ohlc(api, "max", "solana")
    assert whole[0][0] < day_ms("2013-01-10")
    assert day_ms("2020-04-11") + 4 * DAY_MS <= younger[0][0] < day_ms("2020-04-11") + 8 * DAY_MS


def test_a_public_key_reaches_back_a_year(api):
    api.post("/_simulator/tier", json={"tier": "keyless"})
    assert len(ohlc(api, 365)) == 92
    assert ohlc(api, "max")["error"]["status"]["error_code"] == 10012


@pytest.mark.parametrize(("days", "recorded"), [(7, "7_days"), (30, "30_days_in_myr")])
def test_the_shape_is_that_of_a_recorded_answer(api, shared_data, days, recorded):
    real = json.loads((shared_data / RECORDED.format(recorded)).read_text(encoding="utf-8"))
    ours = ohlc(api, days)
    assert len(ours) == len(real)
    for rows in (ours, real):
        assert {tuple(type(value) for value in row) for row in rows} == {(int, float, float, float, float)}
        assert {later[0] - earlier[0] for earlier, later in pairwise(rows)} == {240 * MINUTE_MS}
        assert {row[0] % (240 * MINUTE_MS) for row in rows} == {0}
        assert all(low <= min(opened, close) and max(opened, close) <= high for _, opened, high, low, close in rows)
