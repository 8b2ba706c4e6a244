"""One coin's daily prices out of those of several; which source stands for a day is the view's to say."""

from __future__ import annotations

import pandas as pd

from analysis.prices import DailySeries, comparable, daily_series


def daily(*rows: tuple[str, str, float, str]) -> pd.DataFrame:
    """Return rows of (coin, day, price, source) as `Lake.daily_prices` would."""
    frame = pd.DataFrame(list(rows), columns=["coin", "day", "price_usd", "source"])
    return frame.assign(day=pd.to_datetime(frame["day"]), price_usd=frame["price_usd"].astype("float64"))


def test_a_coins_days_come_in_order_with_the_source_of_most_days_first() -> None:
    rows = daily(
        ("bitcoin", "2020-01-03", 3.0, "coingecko"),
        ("solana", "2020-01-01", 9.0, "simulator"),
        ("bitcoin", "2020-01-01", 1.0, "csv_kaggle"),
        ("bitcoin", "2020-01-02", 2.0, "coingecko"),
    )
    series = daily_series(rows, "bitcoin")
    assert series.price.tolist() == [1.0, 2.0, 3.0]
    assert series.frame.index.tolist() == list(pd.date_range("2020-01-01", periods=3))
    assert (series.sources, series.simulated) == (("coingecko", "csv_kaggle"), False)
    assert daily_series(rows, "solana").simulated


def test_a_coin_without_prices_has_an_empty_series() -> None:
    series = daily_series(daily(("bitcoin", "2020-01-01", 1.0, "coingecko")), "nocoin")
    assert (len(series.price), series.sources, series.simulated) == (0, (), False)
    assert series.price.dtype == "float64"
    assert isinstance(series.price.index, pd.DatetimeIndex)


def priced(coin: str, days: int) -> DailySeries:
    frame = pd.DataFrame({"price_usd": 1.0, "source": "coingecko"}, index=pd.date_range("2020-01-01", periods=days))
    return DailySeries(coin, frame)


def test_coins_with_a_month_of_days_stand_side_by_side() -> None:
    month, year, short, empty = priced("a", 30), priced("b", 365), priced("c", 29), priced("d", 0)
    assert comparable([month, short, year, empty]) == [month, year]


def test_while_none_has_a_month_all_with_a_price_do() -> None:
    short, shorter, empty = priced("a", 29), priced("b", 1), priced("c", 0)
    assert comparable([short, shorter, empty]) == [short, shorter]
    assert comparable([]) == []
