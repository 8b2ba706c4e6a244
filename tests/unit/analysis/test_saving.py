"""Saving every month: literals, a plain loop over the days, and numpy's roots for the yearly interest."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis import saving
from tests.unit.analysis.test_prices import EMPTY, ONE, daily, random_walk

WALK = random_walk(240, "2020-01-01")


def test_the_first_of_each_month_is_paid_from_the_first_whole_month_on() -> None:
    days = saving.payment_days(daily([1.0] * 80, "2020-01-15"))
    assert days.strftime("%Y-%m-%d").tolist() == ["2020-02-01", "2020-03-01", "2020-04-01"]


def test_a_history_that_begins_with_a_month_is_paid_at_once() -> None:
    assert saving.payment_days(daily([1.0])).tolist() == [pd.Timestamp("2020-01-01")]


def test_a_missing_first_day_is_paid_later_and_a_missing_month_never() -> None:
    february = tuple(f"2020-02-{day:02d}" for day in range(1, 30))
    days = saving.payment_days(daily([1.0] * 100, without=(*february, "2020-03-01", "2020-03-02")))
    assert days.strftime("%Y-%m-%d").tolist() == ["2020-01-01", "2020-03-03", "2020-04-01"]


def test_literals() -> None:
    price = daily([10.0] * 31 + [5.0] * 29 + [20.0] * 2)
    table = saving.monthly_saving(price, 100)
    assert table.loc["2020-01-31"].tolist() == [100, 100, 300]
    assert table.loc["2020-02-01"].tolist() == [200, 150, 150]  # 10 coins and 20 more at 5 USD
    assert table.loc["2020-03-02"].tolist() == [300, 700, 600]
    assert saving.payments(table).tolist() == [100, 100, 100]
    assert saving.payments(table).index.tolist() == saving.payment_days(price).tolist()


@pytest.mark.parametrize("price", [EMPTY, ONE, daily([1.0] * 5, "2020-01-02")], ids=["none", "one", "no first day"])
def test_without_a_first_day_there_are_no_rows(price: pd.Series[float]) -> None:
    table = saving.monthly_saving(price, 100)
    assert (table.empty, table.columns.tolist()) == (True, list(saving.COLUMNS))
    assert saving.payments(table).empty


def test_a_constant_price_keeps_what_was_paid() -> None:
    table = saving.monthly_saving(daily([3.0] * 400), 50)
    assert table["value_usd"].tolist() == pytest.approx(table["paid_usd"].tolist())
    assert saving.money_weighted_pct(saving.payments(table), 50 * 14, table.index[-1]) == pytest.approx(0, abs=1e-9)


@given(st.integers(1, 200), st.sets(st.integers(0, 199), max_size=60), st.integers(0, 40))
@settings(max_examples=20, deadline=None)
def test_against_a_loop_over_the_prices(length: int, holes: set[int], offset: int) -> None:
    price = WALK.iloc[offset : offset + length]
    price = price[[number not in holes for number in range(len(price))]]
    coins, paid, expected = 0.0, 0, []
    paid_months = {price.index[0].to_period("M")} if len(price) and price.index[0].day > 1 else set()
    for day, usd in price.items():
        month = pd.Timestamp(str(day)).to_period("M")
        if month not in paid_months:
            paid_months.add(month)
            coins, paid = coins + 100 / usd, paid + 100
        if paid:
            expected.append((paid, coins * usd))
    table = saving.monthly_saving(price, 100)
    assert table["paid_usd"].tolist() == [paid for paid, _ in expected]
    assert table["value_usd"].tolist() == pytest.approx([value for _, value in expected])


def test_one_payment_grows_by_its_yearly_growth() -> None:
    once = pd.Series([100.0], index=[pd.Timestamp("2021-01-01")])
    assert saving.money_weighted_pct(once, 400, pd.Timestamp("2022-12-31") + pd.Timedelta(days=1)) == pytest.approx(100)
    assert saving.money_weighted_pct(once, 50, pd.Timestamp("2022-01-01")) == pytest.approx(-50)


def test_the_interest_is_the_root_of_the_cash_flows() -> None:
    days = pd.date_range("2020-01-01", periods=4, freq="365D")
    paid, value = pd.Series([100.0, 100, 100], index=days[:3]), 510.0
    roots = np.roots([100, 100, 100, -value])  # 100 q³ + 100 q² + 100 q = value, q the yearly factor
    (factor,) = (root.real for root in roots if abs(root.imag) < 1e-9 and root.real > 0)
    assert saving.money_weighted_pct(paid, value, days[3]) == pytest.approx((factor - 1) * 100)


@pytest.mark.parametrize("days", [0, 1, 364])
def test_less_than_a_year_has_no_yearly_interest(days: int) -> None:
    paid = pd.Series([100.0], index=[pd.Timestamp("2021-01-01")])
    assert np.isnan(saving.money_weighted_pct(paid, 120, paid.index[0] + pd.Timedelta(days=days)))
    assert np.isnan(saving.money_weighted_pct(paid.iloc[:0], 120, paid.index[0]))
