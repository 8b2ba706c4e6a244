"""Extreme days, the Sharpe ratio and coins by year, against literals, numpy and DuckDB."""

from __future__ import annotations

import math

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis import returns
from tests.unit.analysis.test_prices import EMPTY, ONE, daily, random_walk

YEARS = ["coin", "year", "return_pct", "is_partial", "close", "source"]


class TestExtremeDays:
    def test_literals(self) -> None:
        found = returns.extreme_days(daily([100.0, 110.0, 55.0, 55.0, 66.0, 33.0, 34.65]), 2)
        assert found["day"].dt.day.tolist() == [5, 2, 6, 3]
        assert found["return_pct"].tolist() == pytest.approx([20, 10, -50, -50])
        assert found["close_before"].tolist() == [55, 100, 66, 110]
        assert found["close"].tolist() == [66, 110, 33, 55]

    def test_a_change_over_a_gap_is_no_days_return(self) -> None:
        found = returns.extreme_days(daily([1.0, 1.0, 9.0, 9.9], without=("2020-01-02",)))
        assert found["day"].tolist() == [pd.Timestamp("2020-01-04")]
        assert found["return_pct"].tolist() == pytest.approx([10])

    @pytest.mark.parametrize("price", [EMPTY, ONE, daily([7.0] * 50)], ids=["none", "one", "constant"])
    def test_without_a_change_there_is_no_day(self, price: pd.Series[float]) -> None:
        assert returns.extreme_days(price).empty

    def test_against_duckdb(self) -> None:
        days = random_walk(900).rename("price").rename_axis("day").reset_index()
        with duckdb.connect() as db:
            db.register("days", days)
            changes = "SELECT day, price / lag(price) OVER (ORDER BY day) - 1 AS change FROM days"
            best = db.execute(f"SELECT day FROM ({changes}) WHERE change > 0 ORDER BY change DESC LIMIT 5").fetchall()
            worst = db.execute(f"SELECT day FROM ({changes}) WHERE change < 0 ORDER BY change LIMIT 5").fetchall()
        found = returns.extreme_days(random_walk(900), 5)["day"].tolist()
        assert found == [day for (day,) in best + worst[::-1]]


class TestRollingSharpe:
    @pytest.mark.parametrize("days", [30, 365])
    def test_against_numpy(self, days: int) -> None:
        price = random_walk(500)
        change = price.to_numpy()[1:] / price.to_numpy()[:-1] - 1
        windows = [change[end - days : end] for end in range(days, 500)]
        expected = [np.mean(window) / np.std(window, ddof=1) * math.sqrt(365) for window in windows]
        result = returns.rolling_sharpe(price, days)
        assert result.iloc[:days].isna().all()
        np.testing.assert_allclose(result.iloc[days:], expected, rtol=1e-9)

    @pytest.mark.parametrize("growth", [1.0, 1.01])
    def test_a_price_without_spread_has_none(self, growth: float) -> None:
        assert returns.rolling_sharpe(daily([growth**day for day in range(60)]), 30).isna().all()

    def test_a_jump_over_a_gap_is_left_out(self) -> None:
        price = daily([1.0, 1.1] * 20 + [50.0, 55.0] * 20, without=("2020-02-09",))
        assert returns.rolling_sharpe(price, 30).loc["2020-02-10":"2020-03-01"].max() < 30
        assert returns.rolling_sharpe(daily([1.0, 1.1] * 40, without=("2020-02-09",)), 30).notna().sum() == 49

    @pytest.mark.parametrize("days", [1, 2, 30])
    def test_one_row_and_none(self, days: int) -> None:
        assert returns.rolling_sharpe(ONE, days).isna().tolist() == [True]
        assert returns.rolling_sharpe(EMPTY, days).empty

    @given(st.lists(st.floats(min_value=1, max_value=1e3), min_size=12, max_size=60), st.floats(0.01, 100))
    @settings(max_examples=20, deadline=None)
    def test_the_currency_does_not_matter(self, walk: list[float], rate: float) -> None:
        ratio, other = (returns.rolling_sharpe(daily(walk) * factor, 10).dropna() for factor in (1, rate))
        both = ratio.index.intersection(other.index)
        assert other.loc[both].tolist() == pytest.approx(ratio.loc[both].tolist(), rel=1e-4, abs=1e-4)


class TestByCoinAndYear:
    def test_a_row_a_coin_the_oldest_first(self) -> None:
        rows = [["ada", 2020, 5.0], ["ada", 2022, None], ["xrp", 2019, -3.0], ["btc", 2020, 7.0]]
        yearly = pd.DataFrame(rows, columns=YEARS[:3]).astype({"year": "Int64"})
        table = returns.by_coin_and_year(yearly, "return_pct")
        assert table.index.tolist() == ["xrp", "ada", "btc"]
        assert table.columns.tolist() == [2019, 2020, 2021, 2022]
        assert table.isna().to_numpy().tolist() == [
            [False, True, True, True], [True, False, True, True], [True, False, True, True],
        ]  # fmt: skip
        assert table.loc["btc", 2020] == 7

    def test_no_coins(self) -> None:
        assert returns.by_coin_and_year(pd.DataFrame(columns=YEARS), "return_pct").empty
