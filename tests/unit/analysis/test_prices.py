"""Returns, drawdown, means and volatility, each against literals or an independent calculation."""

from __future__ import annotations

import math

import duckdb
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis import prices

positive = st.floats(min_value=1e-6, max_value=1e6, allow_nan=False)
walks = st.lists(positive, min_size=1, max_size=120)


def daily(values: list[float], start: str = "2020-01-01", without: tuple[str, ...] = ()) -> pd.Series[float]:
    """Return one price a day from `start` on, with the days in `without` cut out afterwards."""
    series = pd.Series(values, index=pd.date_range(start, periods=len(values)), dtype="float64")
    return series.drop(pd.DatetimeIndex(list(without)))


def random_walk(days: int, start: str = "2013-04-28", seed: int = 7) -> pd.Series[float]:
    steps = np.random.default_rng(seed).normal(0.001, 0.04, days)
    return daily(list(100 * np.exp(np.cumsum(steps))), start)


EMPTY = daily([])
ONE = daily([50.0], "2013-06-05")


class TestYearlyReturns:
    def test_literals(self) -> None:
        price = pd.Series(
            [100.0, 150.0, 300.0, 310.0, 155.0],
            index=pd.to_datetime(["2019-05-01", "2019-12-31", "2020-06-30", "2020-12-31", "2021-02-03"]),
        )
        result = prices.yearly_returns(price)
        assert result.index.tolist() == [2019, 2020, 2021]
        assert result["return_pct"].tolist() == pytest.approx([50.0, (310 / 150 - 1) * 100, -50.0])
        assert result["partial"].tolist() == [True, False, True]

    def test_a_whole_first_and_last_year_is_not_partial(self) -> None:
        assert prices.yearly_returns(daily([1.0] * 366))["partial"].tolist() == [False]

    def test_a_year_ends_with_its_last_price_even_before_december_31(self) -> None:
        price = daily([1.0] * 365 + [2.0] + [3.0] * 365, without=("2020-12-31",))
        assert prices.yearly_returns(price)["return_pct"].tolist() == pytest.approx([0.0, 200.0])

    def test_after_a_year_without_prices_there_is_no_return(self) -> None:
        price = pd.Series(
            [1.0, 2.0, 4.0, 8.0], index=pd.to_datetime(["2018-01-01", "2018-12-31", "2020-12-31", "2021-12-31"])
        )
        result = prices.yearly_returns(price)["return_pct"]
        assert result.index.tolist() == [2018, 2019, 2020, 2021]
        assert result.isna().tolist() == [False, True, True, False]
        assert result.loc[2021] == pytest.approx(100.0)

    def test_one_row_and_none(self) -> None:
        assert prices.yearly_returns(ONE)["return_pct"].to_dict() == {2013: 0.0}
        assert prices.yearly_returns(EMPTY).empty

    def test_against_duckdb(self) -> None:
        price = random_walk(3000)
        days = price.rename("price").rename_axis("day").reset_index()
        with duckdb.connect() as db:
            db.register("days", days)
            rows = db.execute(
                """WITH closes AS (SELECT year(day) AS y, arg_max(price, day) AS close FROM days GROUP BY 1),
                     start AS (SELECT arg_min(price, day) AS first_price FROM days)
                SELECT y, (close / coalesce(lag(close) OVER (ORDER BY y), first_price) - 1) * 100
                FROM closes, start ORDER BY y"""
            ).fetchall()
        result = prices.yearly_returns(price)["return_pct"]
        assert result.index.tolist() == [year for year, _ in rows]
        assert result.tolist() == pytest.approx([percent for _, percent in rows])

    # A fall to less than a ten-thousandth is beyond what a percentage can carry exactly.
    @given(st.lists(st.floats(min_value=1, max_value=1e4), min_size=2, max_size=120))
    def test_the_years_multiply_to_the_whole(self, walk: list[float]) -> None:
        price = pd.Series(walk, index=pd.date_range("2013-04-28", periods=len(walk), freq="31D"))
        factors = prices.yearly_returns(price)["return_pct"] / 100 + 1
        assert factors.prod() == pytest.approx(walk[-1] / walk[0], rel=1e-6)


class TestMonthlyReturns:
    def test_literals(self) -> None:
        price = pd.Series(
            [100.0, 110.0, 55.0, 66.0], index=pd.to_datetime(["2019-11-05", "2019-11-30", "2019-12-31", "2020-01-15"])
        )
        table = prices.monthly_returns(price)
        assert table.index.tolist() == [2019, 2020]
        assert table.columns.equals(pd.RangeIndex(1, 13))
        assert (table.loc[2019, 11], table.loc[2019, 12]) == pytest.approx((10.0, -50.0))
        assert table.loc[2020, 1] == pytest.approx(20.0)
        assert int(table.notna().sum().sum()) == 3

    def test_after_a_month_without_prices_there_is_no_return(self) -> None:
        price = pd.Series([1.0, 2.0, 4.0], index=pd.to_datetime(["2020-01-31", "2020-03-31", "2020-04-30"]))
        table = prices.monthly_returns(price)
        assert table.isna().to_numpy().tolist() == [[False, True, True, False] + 8 * [True]]
        assert table.loc[2020, 4] == pytest.approx(100.0)

    def test_a_year_without_prices_keeps_its_row(self) -> None:
        price = pd.Series([1.0, 2.0], index=pd.to_datetime(["2018-03-01", "2020-03-01"]))
        assert prices.monthly_returns(price).index.tolist() == [2018, 2019, 2020]

    def test_one_row_and_none(self) -> None:
        assert prices.monthly_returns(ONE).loc[2013, 6] == 0.0
        assert prices.monthly_returns(EMPTY).shape == (0, 12)

    def test_the_months_of_a_year_multiply_to_the_year(self) -> None:
        price = random_walk(1200)
        by_year = (prices.monthly_returns(price) / 100 + 1).prod(axis="columns")
        assert list(by_year) == pytest.approx((prices.yearly_returns(price)["return_pct"] / 100 + 1).tolist())


class TestDrawdown:
    def test_literals(self) -> None:
        assert prices.drawdown(daily([100.0, 80.0, 120.0, 60.0, 120.0])).tolist() == pytest.approx([0, -20, 0, -50, 0])

    def test_one_row_and_none(self) -> None:
        assert prices.drawdown(ONE).tolist() == [0.0]
        assert prices.drawdown(EMPTY).empty

    @given(walks)
    def test_against_a_plain_loop(self, walk: list[float]) -> None:
        highest, expected = 0.0, []
        for value in walk:
            highest = max(highest, value)
            expected.append((value - highest) / highest * 100)
        result = prices.drawdown(daily(walk))
        assert result.tolist() == pytest.approx(expected, abs=1e-9)
        assert result.between(-100, 0).all()


class TestMovingAverage:
    @pytest.mark.parametrize("days", [30, 200])
    def test_against_numpy(self, days: int) -> None:
        price = random_walk(500)
        result = prices.moving_average(price, days)
        expected = np.convolve(price.to_numpy(), np.ones(days) / days, mode="valid")
        assert result.iloc[: days - 1].isna().all()
        np.testing.assert_allclose(result.iloc[days - 1 :], expected, rtol=1e-9)

    def test_a_missing_day_is_left_out_of_the_mean(self) -> None:
        price = daily([float(n) for n in range(1, 41)], "2013-05-10", without=("2013-06-04",))
        on_day_40 = [n for n in range(11, 41) if n != 26]
        assert prices.moving_average(price, 30).iloc[-1] == pytest.approx(sum(on_day_40) / 29)

    def test_a_window_mostly_missing_has_no_mean(self) -> None:
        price = daily([1.0] * 100, without=tuple(f"2020-03-{day:02d}" for day in range(1, 32)))
        result = prices.moving_average(price, 30)
        assert not result.loc[:"2020-02-29"].iloc[29:].isna().any()
        assert result.loc["2020-04-01":].isna().all()

    def test_one_row_and_none(self) -> None:
        assert prices.moving_average(ONE, 30).isna().tolist() == [True]
        assert prices.moving_average(EMPTY, 30).empty


class TestVolatility:
    def test_against_numpy(self) -> None:
        price = random_walk(200)
        returns = np.diff(np.log(price.to_numpy()))
        expected = [np.std(returns[end - 30 : end], ddof=1) * math.sqrt(365) * 100 for end in range(30, 200)]
        result = prices.volatility(price)
        assert result.iloc[:30].isna().all()
        np.testing.assert_allclose(result.iloc[30:], expected, rtol=1e-9)

    def test_a_steady_growth_has_none(self) -> None:
        assert prices.volatility(daily([1.01**day for day in range(40)])).iloc[-1] == pytest.approx(0, abs=1e-4)

    def test_a_jump_over_a_gap_is_not_a_daily_return(self) -> None:
        calm = daily([1.0] * 36 + [2.0] * 14, "2013-05-01", without=("2013-06-05",))
        assert prices.daily_log_returns(calm).loc[["2013-06-06"]].isna().all()
        assert prices.volatility(calm).iloc[-1] == pytest.approx(0, abs=1e-9)

    def test_thirty_prices_are_one_too_few(self) -> None:
        assert prices.volatility(random_walk(30)).isna().all()
        assert prices.volatility(random_walk(31)).notna().tolist() == [False] * 30 + [True]

    def test_one_row_and_none(self) -> None:
        assert prices.volatility(ONE).isna().tolist() == [True]
        assert prices.volatility(EMPTY).empty


class TestRebased:
    def test_literals_from_the_first_day_that_all_have(self) -> None:
        table = prices.rebased(
            {
                "bitcoin": daily([10.0, 20.0, 30.0, 40.0]),
                "solana": daily([5.0, 4.0, 6.0], "2020-01-02", without=("2020-01-03",)),
            }
        )
        assert table.index[0] == pd.Timestamp("2020-01-02")
        assert table["bitcoin"].tolist() == pytest.approx([100.0, 150.0, 200.0])
        assert table["solana"].tolist() == pytest.approx([100.0, math.nan, 120.0], nan_ok=True)

    def test_a_coin_without_prices_is_left_out(self) -> None:
        assert prices.rebased({"bitcoin": ONE, "nocoin": EMPTY}).columns.tolist() == ["bitcoin"]

    def test_no_shared_day_and_no_coins(self) -> None:
        assert prices.rebased({"a": daily([1.0], "2020-01-01"), "b": daily([1.0], "2020-01-02")}).empty
        assert prices.rebased({}).empty
