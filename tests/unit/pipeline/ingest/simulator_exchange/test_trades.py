"""Simulated trades: the same by seed, contiguous, priced near their coin, and made as fast as ordered."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import RequestError
from pipeline.ingest.simulator.exchange.market import Exchange
from pipeline.ingest.simulator.exchange.pace import Pace, Segment
from tests.support.exchange import START_S, Clock

PRODUCTS = ("BTC-USD", "XRP-USD", "ETH-BTC", "NEW-USD")


def opened(clock: Clock, *, seed: int = 1, products=PRODUCTS, rate: float = 0, file: Path | None = None) -> Exchange:
    exchange = Exchange(seed, products, clock, file)
    exchange.set_rate(rate)
    return exchange


def trades(exchange: Exchange, name: str = "BTC-USD"):
    product = exchange.products[name]
    return [product.trade(n) for n in range(product.made(exchange.now_us()))]


def test_the_same_seed_and_start_give_the_same_trades():
    clock = Clock()
    first, again, other = (opened(clock, seed=seed, rate=400) for seed in (1, 1, 2))
    clock.now += 3
    assert trades(first) == trades(again)
    assert {trade.price for trade in trades(first)} != {trade.price for trade in trades(other)}


def test_trades_are_contiguous_and_in_time_and_typed_as_on_coinbase():
    clock = Clock()
    exchange = opened(clock, rate=4000)
    clock.now += 2
    got = trades(exchange)
    assert [trade.id for trade in got] == list(range(got[0].id, got[0].id + len(got)))
    assert [trade.time_us for trade in got] == sorted(trade.time_us for trade in got)
    assert got[-1].time_us <= clock.now * 1e6
    assert all(b.sequence > a.sequence for a, b in pairwise(got))
    sizes = [Decimal(trade.size) for trade in got]
    assert min(sizes) == Decimal("0.00000001")
    assert 0.01 < max(sizes) < 0.43
    assert {trade.side for trade in got} == {"buy", "sell"}


def test_prices_stay_near_their_coins():
    clock = Clock()
    exchange = opened(clock, rate=400)
    clock.now += 60
    for name, low, high, decimals in (("BTC-USD", 60e3, 130e3, 2), ("XRP-USD", 1, 3, 4), ("ETH-BTC", 0.02, 0.06, 6)):
        prices = [trade.price for trade in trades(exchange, name)]
        assert all(low < float(price) < high for price in prices)
        assert {len(price.partition(".")[2]) for price in prices} == {decimals}
        assert max(map(float, prices)) / min(map(float, prices)) < 1.02, "no alert by chance"


def test_trades_of_any_asset_are_worth_about_as_much():
    clock = Clock()
    exchange = opened(clock, rate=4000)
    clock.now += 2
    largest = {}
    for name, usd in (("BTC-USD", 90_000), ("ETH-BTC", 3_000), ("XRP-USD", 2)):
        largest[name] = max(float(trade.size) for trade in trades(exchange, name)) * usd
    assert max(largest.values()) < 20 * min(largest.values())


@pytest.mark.parametrize("percent", [-3, 5])
def test_a_crash_or_a_surge_takes_its_time_and_stays(percent):
    clock = Clock()
    exchange, calm = opened(clock, rate=40), opened(clock, rate=40)
    clock.now += 10
    exchange.move_price("BTC-USD", percent, 40)
    clock.now += 100
    factors = {
        trade.time_us / 1e6 - START_S - 10: float(trade.price) / float(other.price)
        for trade, other in zip(trades(exchange), trades(calm), strict=True)
    }
    assert all(factor == 1 for at_s, factor in factors.items() if at_s < 0)
    assert all(
        factor == pytest.approx(1 + percent / 200, abs=2e-3) for at_s, factor in factors.items() if 19 < at_s < 21
    )
    assert all(factor == pytest.approx(1 + percent / 100, abs=1e-5) for at_s, factor in factors.items() if at_s > 41)
    assert trades(exchange, "XRP-USD") == trades(calm, "XRP-USD")


def test_the_rate_holds_over_all_products_and_may_change():
    clock = Clock()
    exchange = opened(clock, rate=1000)
    clock.now += 10
    assert exchange.state()["made"] == pytest.approx(4 + 10_000, abs=60)
    exchange.set_rate(0)
    clock.now += 1
    still = exchange.state()["made"]
    clock.now += 100
    assert exchange.state()["made"] == still


def test_a_session_of_so_many_trades_ends():
    clock = Clock()
    exchange = opened(clock)
    assert exchange.state()["made"] == len(PRODUCTS), "each product has traded once when the exchange opens"
    exchange.set_rate(5000, trades=1003)
    clock.now += 60
    assert exchange.state()["made"] == len(PRODUCTS) + 1003
    assert exchange.products["BTC-USD"].state.pace.next_us(exchange.now_us()) is None


def test_ids_may_begin_anew():
    clock = Clock()
    exchange = opened(clock, rate=400)
    clock.now += 1
    exchange.restart_ids("BTC-USD", 1)
    clock.now += 1
    product = exchange.products["BTC-USD"]
    ids = [trade.id for trade in trades(exchange)]
    again = ids.index(1)
    assert ids[again:] == list(range(1, len(ids) - again + 1))
    assert product.ids(again - 2, again + 2) == [(ids[again - 2], ids[again - 1]), (1, 3)]
    assert exchange.state()["products"]["BTC-USD"]["first_id"] == 1


def test_a_restart_goes_on_where_the_last_run_ended(tmp_path):
    clock, file = Clock(), tmp_path / "simulator" / "exchange.json"
    exchange = opened(clock, rate=400, file=file)
    clock.now += 5
    exchange.move_price("BTC-USD", -3, 1)
    exchange.forget("BTC-USD", 1, 2)
    clock.now += 5
    exchange.close()
    clock.now += 1
    before = trades(exchange)
    clock.now += 10_000
    after = opened(clock, rate=400, file=file)
    assert trades(after) == before, "nothing is traded while the simulator is down"
    clock.now += 1
    assert trades(after)[: len(before)] == before
    assert len(trades(after)) > len(before)
    assert after.products["BTC-USD"].is_forgotten(2)


def test_without_a_proper_end_it_traded_on(tmp_path):
    clock, file = Clock(), tmp_path / "exchange.json"
    killed = opened(clock, rate=400, file=file)
    clock.now += 100
    after = opened(clock, rate=8, file=file)
    assert trades(after) == trades(killed), "what was sent before the end must not be made again otherwise"


def test_another_seed_is_another_exchange(tmp_path):
    clock, file = Clock(), tmp_path / "exchange.json"
    first_id = opened(clock, file=file).state()["products"]["BTC-USD"]["first_id"]
    assert opened(clock, seed=2, file=file).state()["products"]["BTC-USD"]["first_id"] != first_id


def test_an_unknown_product_is_refused():
    with pytest.raises(RequestError):
        opened(Clock()).move_price("NO-USD", 1, 1)


@given(
    st.lists(
        st.tuples(st.integers(0, 5_000_000), st.floats(0, 20_000), st.floats(0.05, 1), st.none() | st.integers(0, 500)),
        min_size=1,
        max_size=6,
    )
)
def test_number_and_time_agree_whatever_the_rates(changes):
    pace, now = Pace(0), 0
    for wait_us, rate, first, limit in changes:
        now += wait_us
        pace.change(now, rate, trades=limit, first=first)
    made = pace.made(now + 100_000)
    times = [pace.time_us(n) for n in range(max(made - 2000, 0), made)]
    assert times == sorted(times)
    for n in range(max(made - 300, 1), made):
        assert pace.made(pace.time_us(n)) > n
        assert pace.made(pace.time_us(n) - 1) <= n


def test_a_rate_that_comes_late_changes_nothing_that_was_told():
    pace = Pace(0)
    pace.change(0, 200)
    told = pace.made(100_000)
    pace.change(60_000, 0)  # from a thread that was held up since
    assert pace.made(100_000) == pace.made(500_000) == told == 21


def test_a_segment_counts_both_ends():
    segment = Segment(1000, 7, step_ns=2_000_000, first_ns=1_000_000, end_n=9)
    assert [segment.made(time_us) for time_us in (1000, 1999, 2000, 3999, 4000, 9000)] == [7, 7, 8, 8, 9, 9]
    assert [segment.time_us(n) for n in (7, 8)] == [2000, 4000]
