"""Simulated prices: a pure function of seed, coin and time, that looks like a market."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.ingest.simulator.chart import chart_times
from pipeline.ingest.simulator.coins import KNOWN, choose, day_ms, invented
from pipeline.ingest.simulator.prices import DAY_MS, PriceModel

MODEL = PriceModel(1, KNOWN)
NOW = day_ms("2026-01-15") + 45_005_123
MOMENTS = st.integers(day_ms("2013-01-01"), day_ms("2030-01-01"))
RECORDED = [12.85281833, 17937.99098, 92081.4611]
SECOND, MINUTE, HOUR = 1_000, 60_000, 3_600_000


def at(*times: int) -> np.ndarray:
    return np.array(times, dtype=np.int64)


@given(st.lists(MOMENTS, min_size=1, max_size=20), st.sampled_from(sorted(KNOWN)))
def test_one_moment_alone_answers_as_among_many(moments, coin):
    together = MODEL.prices(coin, at(*moments))
    assert [MODEL.prices(coin, at(moment))[0] for moment in moments] == together.tolist()
    assert PriceModel(1, KNOWN).prices(coin, at(*moments)).tolist() == together.tolist()


def test_prices_are_the_same_on_every_machine():
    days = at(day_ms("2013-01-01"), day_ms("2017-12-17"), day_ms("2026-01-15") + 1)
    assert MODEL.prices("bitcoin", days).tolist() == RECORDED


def test_another_seed_or_coin_is_another_market():
    times = at(*range(NOW, NOW + 100 * SECOND, SECOND))
    assert not np.any(PriceModel(2, KNOWN).prices("bitcoin", times) == MODEL.prices("bitcoin", times))
    moves = [np.diff(np.log(MODEL.prices(coin, times))) for coin in ("bitcoin", "ethereum")]
    assert abs(np.corrcoef(moves)[0, 1]) < 0.5


@pytest.mark.parametrize("coin", sorted(KNOWN))
def test_every_second_has_its_own_price_and_none_is_far_from_the_last(coin):
    times = at(*range(NOW, NOW + 6 * HOUR, SECOND))
    prices = MODEL.prices(coin, times)
    assert np.all(np.diff(prices) != 0)
    assert np.max(np.abs(np.diff(np.log(prices)))) < 0.002
    minutes = prices[::60]
    assert np.max(np.abs(np.diff(np.log(minutes)))) < 0.02


@pytest.mark.parametrize("coin", sorted(KNOWN))
def test_days_vary_as_the_coin_says(coin):
    times = np.arange(KNOWN[coin].start_ms, NOW, DAY_MS)
    volatility = np.std(np.diff(np.log(MODEL.prices(coin, times))))
    assert 0.6 < volatility / KNOWN[coin].daily_volatility < 1.8


@pytest.mark.parametrize("coin", sorted(KNOWN))
def test_the_anchors_hold_roughly(coin):
    days = [day for day, _ in KNOWN[coin].anchors]
    assert days == sorted(set(days))
    got = MODEL.prices(coin, at(*map(day_ms, days)))
    ratio = got / np.array([price for _, price in KNOWN[coin].anchors])
    assert np.all((ratio > 0.5) & (ratio < 2))


def test_time_does_not_end():
    prices = MODEL.prices("bitcoin", np.arange(day_ms("2026-01-01"), day_ms("2040-01-01"), DAY_MS))
    assert len(set(prices.tolist())) == len(prices)
    assert 20_000 < prices.min() < prices.max() < 300_000


@given(MOMENTS, st.sampled_from(sorted(KNOWN)))
def test_cap_and_volume_go_with_the_price(moment, coin):
    price, cap, volume = (float(f(coin, at(moment))[0]) for f in (MODEL.prices, MODEL.market_caps, MODEL.volumes))
    low, high = KNOWN[coin].supply
    assert low * 0.999 <= cap / price <= high * 1.001
    assert 0 < volume < cap


@given(st.text("abcdefghij-", min_size=1, max_size=20))
def test_an_unknown_coin_gets_a_past_of_its_own(name):
    coin = invented(name)
    assert coin == invented(name)
    assert choose([name, "bitcoin"]) == {name: coin, "bitcoin": KNOWN["bitcoin"]}
    assert len(coin.anchors) >= 4
    assert np.all(PriceModel(1, {name: coin}).prices(name, at(coin.start_ms, NOW)) > 0)


# ---- the moments of a chart


def test_above_90_days_the_moments_are_midnights_and_now():
    times, live = chart_times(day_ms("2013-01-01"), NOW, NOW)
    assert live
    assert times[-1] == NOW
    assert np.all(times[:-1] == np.arange(day_ms("2013-01-01"), NOW, DAY_MS))


def test_a_range_in_the_past_has_no_live_price():
    times, live = chart_times(day_ms("2020-01-01") + 1, day_ms("2020-06-01"), NOW)
    assert not live
    assert (times[0], times[-1]) == (day_ms("2020-01-02"), day_ms("2020-06-01"))


@pytest.mark.parametrize(
    ("start", "end", "step"),
    [
        (NOW - DAY_MS, NOW, 5 * MINUTE),
        (NOW - 30 * DAY_MS, NOW - 29 * DAY_MS, HOUR),  # a day, but another than the last
        (NOW - 90 * DAY_MS, NOW, HOUR),
        (NOW - 91 * DAY_MS, NOW, DAY_MS),
    ],
)
def test_the_step_follows_the_length(start, end, step):
    times, _ = chart_times(start, end, NOW)
    assert np.median(np.diff(times)) == pytest.approx(step, rel=0.05)
    assert np.all(np.diff(times) > 0)
    assert start <= times[0]
    assert times[-1] <= end
    if step != DAY_MS:
        assert np.mean(times % step == 0) < 0.01  # off the grid, as CoinGecko's are


def test_the_future_holds_nothing():
    assert chart_times(NOW + DAY_MS, NOW + 2 * DAY_MS, NOW)[0].tolist() == []
    times, live = chart_times(NOW - 100 * DAY_MS, NOW + DAY_MS, NOW)
    assert live
    assert times[-1] == NOW


def test_a_moment_comes_once():
    midnight = day_ms("2026-01-15")
    times, live = chart_times(midnight - 100 * DAY_MS, midnight, midnight)
    assert len(set(times.tolist())) == len(times) == 101
    assert not live
