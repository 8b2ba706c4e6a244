"""From kept prices to a history: gaps, faults, and files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.forecast.errors import HistoryError
from analysis.forecast.history import daily_history, read_prices
from pipeline.errors import ForecastError
from tests.support.price_histories import daily, random_walk


def test_a_day_without_a_price_takes_the_one_before() -> None:
    price = daily([1, 2, 3, 4, 5]).drop(pd.DatetimeIndex(["2020-01-03", "2020-01-04"]))
    found = daily_history(price, "bitcoin")
    assert found.tolist() == [1, 2, 2, 2, 5]
    assert found.index.tolist() == list(pd.date_range("2020-01-01", periods=5))


def test_a_gap_of_seven_days_is_carried_over_and_one_of_eight_is_not() -> None:
    price = random_walk(40)
    assert len(daily_history(price.drop(price.index[10:17]), "bitcoin")) == 40
    with pytest.raises(HistoryError, match=r"bitcoin: 2020-01-19 00:00:00 follows more than 7 days without a price"):
        daily_history(price.drop(price.index[10:18]), "bitcoin")


def test_prices_are_left_as_they_are() -> None:
    price = random_walk(30)
    assert daily_history(price, "bitcoin").tolist() == price.tolist()


@pytest.mark.parametrize(
    ("price", "words"),
    [
        (daily([]), "bitcoin: no price"),
        (daily([5.0]), "bitcoin: the price of one day only"),
        (daily([5.0] * 30), "bitcoin: the price is 5 USD on all 30 days, nothing to forecast"),
        (daily([1.0, np.nan, 3.0, np.nan]), r"2020-01-02 00:00:00 \(and 1 more\) has no price \(NaN\)"),
        (daily([1.0, 2.0, 0.0]), "2020-01-03 00:00:00 has a price that is not above zero"),
        (daily([-1.0, 2.0, 3.0]), "2020-01-01 00:00:00 has a price that is not above zero"),
        (daily([1.0, np.inf, 3.0]), "2020-01-02 00:00:00 has a price that is not above zero and finite"),
        (daily([1.0, 2.0])[::-1], "2020-01-01 00:00:00 comes twice or out of order"),
        (pd.concat([daily([1.0, 2.0]), daily([2.0], "2020-01-02")]), "2020-01-02 00:00:00 comes twice"),
        (daily([1.0, 2.0]).tz_localize("UTC"), "UTC without a time zone"),
        (daily([1.0, 2.0], "2020-01-01 12:00"), "2020-01-01 12:00:00 .* is not a day but a time"),
    ],
)
def test_what_cannot_be_forecast_is_said_plainly(price: pd.Series[float], words: str) -> None:
    with pytest.raises(HistoryError, match=words) as caught:
        daily_history(price, "bitcoin")
    assert isinstance(caught.value, ForecastError)


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_is_read_in_the_order_of_its_days(tmp_path: Path) -> None:
    path = written(tmp_path / "p.csv", "day,price_usd\n2020-01-02,2.5\n2020-01-01T00:00:00Z,1\n")
    found = read_prices(path, "solana")
    assert found.coin == "solana"
    assert found.price.to_dict() == {pd.Timestamp("2020-01-01"): 1.0, pd.Timestamp("2020-01-02"): 2.5}
    assert (found.sources, found.simulated) == (("csv",), False)


def test_a_file_may_say_where_its_prices_come_from(tmp_path: Path) -> None:
    path = written(
        tmp_path / "p.csv", "coin,day,price_usd,source\nx,2020-01-01,1,simulator\nx,2020-01-02,2,simulator\n"
    )
    assert read_prices(str(path), "x").simulated


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (None, "No such file"),
        ("", "No columns to parse"),
        ("date,price\n2020-01-01,1\n", "no column day or price_usd; it has date, price"),
        ("day,price_usd\nyesterday,1\n", "'yesterday' is no day such as"),
        ("day,price_usd\n2020-01-01,much\n", "much"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(text: str | None, words: str, tmp_path: Path) -> None:
    path = tmp_path / "p.csv" if text is None else written(tmp_path / "p.csv", text)
    with pytest.raises(HistoryError, match=words) as caught:
        read_prices(path, "bitcoin")
    assert "p.csv" in str(caught.value)


def test_a_file_with_a_missing_price_is_read_and_then_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "p.csv", "day,price_usd\n2020-01-01,1\n2020-01-02,\n")
    with pytest.raises(HistoryError, match=r"has no price \(NaN\)"):
        daily_history(read_prices(path, "bitcoin").price, "bitcoin")
