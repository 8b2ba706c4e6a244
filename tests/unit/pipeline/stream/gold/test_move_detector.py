"""Alerts are a function of the series: of any cut into batches, any lateness, any restart, against brute force."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.settings.alerts import AlertRule
from pipeline.stream.gold.move_detector import LATE
from pipeline.stream.gold.price_moves import CRASH, SURGE
from tests.support.price_series import Paid, Tables, crossings, earliest

RULES = (AlertRule(300, Decimal(5)), AlertRule(60, Decimal(2)))
SPAN_MS = 2_000_000  # several times what a detector remembers
PRODUCTS = ("BTC-USD", "ETH-USD")

PRICES = st.sampled_from([100, 99, 98, 97, 95, 94, 102, 105])
# Near each other, as trades are, in clusters that lie apart.
TIMES = st.builds(lambda far, near: min(60_000 * far + near, SPAN_MS), st.integers(0, 33), st.integers(0, 20_000))
TRADES = st.lists(st.builds(Paid, TIMES, PRICES, st.sampled_from(PRODUCTS)), max_size=40, unique_by=lambda t: t.ms)
COOLDOWNS = st.sampled_from([0, 45, 300])
RESTARTS = st.frozensets(st.integers(0, 8))


def of(trades: Sequence[Paid], product: str) -> list[Paid]:
    return [trade for trade in trades if trade.product == product]


def run(
    batches: Sequence[Sequence[Paid]],
    cooldown_s: int = 300,
    *,
    restarts: frozenset[int] = frozenset(),
    crashes: frozenset[int] = frozenset(),
) -> Tables:
    tables = Tables(RULES, cooldown_s)
    for number, batch in enumerate(batches):
        tables.write(batch, crash=number in crashes)
        if number in restarts:
            tables.restart()
    return tables


def cut(trades: Sequence[Paid], arrivals: Sequence[int]) -> list[list[Paid]]:
    """Return batches: each trade comes in the batch of its number."""
    numbered = list(zip(trades, arrivals, strict=False))
    return [[trade for trade, at in numbered if at == number] for number in range(max(arrivals, default=0) + 1)]


@given(TRADES, COOLDOWNS, st.lists(st.integers(0, 7), min_size=40, max_size=40), RESTARTS, RESTARTS)
def test_whatever_comes_late_each_move_has_one_alert(
    trades: list[Paid], cooldown_s: int, arrivals: list[int], restarts: frozenset[int], crashes: frozenset[int]
) -> None:
    tables = run(cut(trades, arrivals), cooldown_s, restarts=restarts, crashes=crashes)
    for product in PRODUCTS:
        alerts, series = tables.found(product), of(trades, product)
        for kind in (CRASH, SURGE):
            times = [alert.time for alert in alerts if alert.kind == kind]
            assert all(abs(a - b).total_seconds() > cooldown_s for a, b in combinations(times, 2)), "one an event"
            moves = [move for move in crossings(series, RULES) if move.kind == kind]
            missed = [m for m in moves if not any(abs(m.time - time).total_seconds() <= cooldown_s for time in times)]
            assert missed == []
        for alert in alerts:  # it is a true move, if not of the whole series' extremes
            window = timedelta(seconds=alert.window_s)
            paid = {(trade.time, Decimal(trade.price)) for trade in series}
            assert (alert.time, alert.price) in paid
            assert any(alert.time - window <= time < alert.time and price == alert.reference for time, price in paid)


@given(TRADES, COOLDOWNS, st.frozensets(st.integers(0, SPAN_MS // 1000)), RESTARTS, RESTARTS)
def test_in_order_the_alerts_are_the_earliest_however_it_is_cut(
    trades: list[Paid], cooldown_s: int, cuts: frozenset[int], restarts: frozenset[int], crashes: frozenset[int]
) -> None:
    ordered = sorted(trades)
    batch = [sum(second <= trade.ms // 1000 for second in cuts) for trade in ordered]
    tables = run(cut(ordered, batch), cooldown_s, restarts=restarts, crashes=crashes)
    for product in PRODUCTS:
        assert tables.found(product) == earliest(crossings(of(trades, product), RULES), cooldown_s)


@given(TRADES, COOLDOWNS, st.lists(st.integers(0, 7), min_size=40, max_size=40), RESTARTS, RESTARTS)
def test_restarts_and_crashes_change_nothing(
    trades: list[Paid], cooldown_s: int, arrivals: list[int], restarts: frozenset[int], crashes: frozenset[int]
) -> None:
    batches = cut(trades, arrivals)
    assert run(batches, cooldown_s, restarts=restarts, crashes=crashes).raised == run(batches, cooldown_s).raised


def outage() -> list[list[Paid]]:
    """Return a price every 10 s that falls by a tenth at second 300 and stays there for a quarter of an hour."""
    return [[Paid(1000 * second, 100 if second < 300 else 90)] for second in range(0, 1201, 10)]


@pytest.mark.parametrize("whole", [0, 10, 60])
def test_an_outage_caught_up_with_in_one_batch_raises_its_alert(whole: int) -> None:
    batches = outage()
    caught_up = [*batches[:whole], [trade for batch in batches[whole:] for trade in batch]]
    (alert,) = run(batches).found()
    assert run(caught_up, restarts=frozenset({whole - 1})).found() == [alert]


def test_a_peak_that_comes_after_the_recovery_raises_the_crash() -> None:
    batches = [[Paid(0, 97)], [Paid(11_000, 97)], [Paid(20_000, 99)], [Paid(10_000, 100)]]
    (alert,) = [alert for alert in run(batches).found() if alert.kind == CRASH]
    assert (alert.price, alert.reference) == (Decimal(97), Decimal(100))


def test_a_trade_days_late_is_judged_by_what_the_table_holds() -> None:
    old = [Paid(0, 100), Paid(30_000, 99)]
    tables = run([old, [Paid(86_400_000 * 5, 100)], [Paid(20_000, 97)]], restarts=frozenset({1}))
    assert [(alert.kind, alert.price) for alert in tables.found()] == [(CRASH, Decimal(97)), (SURGE, Decimal(99))]
    assert tables.reads == 1


def test_a_trade_that_is_a_little_late_reads_nothing() -> None:
    late = int(LATE.total_seconds() * 1000)
    tables = run([[Paid(1_000_000, 100)], [Paid(1_000_000 - late, 97)], [Paid(1_001_000, 100)]])
    assert tables.reads == 0
    assert tables.found() == []
    assert run([[Paid(1_000_000, 100)], [Paid(1_000_000 - late - 1000, 97)]]).reads == 1


def test_memory_keeps_no_more_than_its_reach() -> None:
    tables = run([[Paid(1000 * second, 100)] for second in range(2000)])
    (memory,) = tables.detector._products.values()
    assert len(memory.seconds) == tables.detector.reach.total_seconds() + 1
    assert tables.reads == 0
