"""One price a day and coin: which source stands for a day, and what is passed over."""

from __future__ import annotations

import itertools
from pathlib import Path

import pandas as pd
import pytest

from analysis.prices import SOURCE_ORDER, DailySeries, comparable, daily_series

STATED_ORDER = ("coingecko", "csv_coingecko", "coinmetrics", "coinbase_candles", "csv_kaggle", "csv_kaggle_filled")
Row = tuple[str, str, str, float | None, str]


def observations(*rows: Row) -> pd.DataFrame:
    """Return rows of (coin, source, day, price, hour) as `Lake.daily_closes` would."""
    frame = pd.DataFrame(list(rows), columns=["coin", "source", "day", "price_usd", "hour"])
    frame["price_usd"] = frame["price_usd"].astype("float64")
    frame["observed_at"] = pd.to_datetime(frame["day"] + "T" + frame["hour"] + ":00", utc=True)
    frame["day"] = pd.to_datetime(frame["day"])
    return frame.drop(columns="hour")


def test_the_order_is_the_stated_one() -> None:
    assert SOURCE_ORDER == STATED_ORDER


@pytest.mark.parametrize(("better", "worse"), list(itertools.pairwise((*STATED_ORDER, "a_new_market"))))
def test_the_better_source_stands_for_a_day(better: str, worse: str) -> None:
    rows: list[Row] = [("bitcoin", better, "2020-01-01", 7.0, "00:00"), ("bitcoin", worse, "2020-01-01", 8.0, "23:00")]
    for order in (rows, rows[::-1]):
        series = daily_series(observations(*order), "bitcoin")
        assert series.price.tolist() == [7.0]
        assert series.frame["source"].tolist() == [better]


def test_a_day_of_a_worse_source_fills_what_the_better_lacks() -> None:
    series = daily_series(
        observations(
            ("bitcoin", "coinmetrics", "2020-01-02", 2.0, "00:00"),
            ("bitcoin", "coingecko", "2020-01-03", 3.0, "00:00"),
            ("bitcoin", "coinmetrics", "2020-01-03", 3.5, "00:00"),
            ("bitcoin", "csv_kaggle", "2020-01-01", 1.0, "00:00"),
        ),
        "bitcoin",
    )
    assert series.frame.index.tolist() == list(pd.date_range("2020-01-01", periods=3))
    assert series.price.tolist() == [1.0, 2.0, 3.0]
    assert series.sources == ("coingecko", "coinmetrics", "csv_kaggle")
    assert not series.simulated


def test_the_later_observation_of_one_source_stands() -> None:
    late, early = (
        ("bitcoin", "coingecko", "2020-01-01", 9.0, "23:59"),
        ("bitcoin", "coingecko", "2020-01-01", 5.0, "00:00"),
    )
    assert daily_series(observations(late, early), "bitcoin").price.tolist() == [9.0]


def test_simulated_prices_never_mix_with_real_ones() -> None:
    rows = observations(
        ("bitcoin", "csv_kaggle", "2020-01-01", 7000.0, "00:00"),
        ("bitcoin", "simulator", "2020-01-02", 42.0, "00:00"),
        ("solana", "simulator", "2020-01-02", 24.0, "00:00"),
    )
    real, made_up = daily_series(rows, "bitcoin"), daily_series(rows, "solana")
    assert (real.price.tolist(), real.simulated) == ([7000.0], False)
    assert (made_up.price.tolist(), made_up.simulated, made_up.sources) == ([24.0], True, ("simulator",))


def test_rows_without_a_positive_price_are_passed_over() -> None:
    series = daily_series(
        observations(
            ("bitcoin", "coingecko", "2020-01-01", None, "00:00"),
            ("bitcoin", "coinmetrics", "2020-01-01", 5.0, "00:00"),
            ("bitcoin", "coingecko", "2020-01-02", 0.0, "00:00"),
            ("bitcoin", "coingecko", "2020-01-03", -1.0, "00:00"),
        ),
        "bitcoin",
    )
    assert series.price.tolist() == [5.0]


def test_a_null_real_price_does_not_hide_the_simulator() -> None:
    rows = observations(
        ("bitcoin", "coingecko", "2020-01-01", None, "00:00"), ("bitcoin", "simulator", "2020-01-01", 5.0, "00:00")
    )
    assert daily_series(rows, "bitcoin").simulated


def test_an_unknown_coin_has_an_empty_series() -> None:
    series = daily_series(observations(("bitcoin", "coingecko", "2020-01-01", 1.0, "00:00")), "nocoin")
    assert (len(series.price), series.sources, series.simulated) == (0, (), False)
    assert series.price.dtype == "float64"
    assert isinstance(series.price.index, pd.DatetimeIndex)


def test_the_real_export_keeps_its_gaps(shared_data: Path) -> None:
    raw = pd.read_csv(shared_data / "daily" / "coingecko_btc-usd-max_20130428_20260113.csv")
    observed_at = pd.to_datetime(raw["snapped_at"].str.removesuffix(" UTC"), utc=True)
    frame = pd.DataFrame(
        {
            "coin": "bitcoin",
            "source": "csv_coingecko",
            "day": observed_at.dt.tz_localize(None).dt.normalize(),
            "price_usd": raw["price"],
            "observed_at": observed_at,
        }
    )
    price = daily_series(frame, "bitcoin").price
    every_day = pd.date_range(price.index[0], price.index[-1])
    assert len(price) == 4642
    assert every_day.difference(pd.DatetimeIndex(price.index)).strftime("%Y-%m-%d").tolist() == [
        "2013-06-04",
        "2015-01-28",
    ]


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
