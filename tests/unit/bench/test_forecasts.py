"""What the benchmark of forecasts is run on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bench.forecasts import coins_like, ten_years
from tests.support.price_histories import random_walk


def test_an_export_is_read_by_day_with_its_gaps_filled(tmp_path: Path) -> None:
    file = tmp_path / "btc-usd-max.csv"
    file.write_text(
        "snapped_at,price,market_cap,total_volume\n"
        "2020-01-01 00:00:00 UTC,1.5,0,0\n"
        "2020-01-01 00:00:00 UTC,1.5,0,0\n"
        "2020-01-03 00:00:00 UTC,2.5,0,0\n"
        "2020-01-03 16:20:00 UTC,2.75,0,0\n"
    )
    price = ten_years(file)
    assert {f"{day:%m-%d}": value for day, value in price.items()} == {"01-01": 1.5, "01-02": 1.5, "01-03": 2.75}


def test_without_a_file_there_are_ten_years() -> None:
    assert len(ten_years(None)) == 3650


def test_the_coins_have_the_same_returns_in_another_order() -> None:
    price = random_walk(101)
    first, *others = coins_like(price)
    assert first.to_numpy() == pytest.approx(price.to_numpy())
    assert len(others) == 4
    returns = np.sort(np.diff(np.log(price)))
    for coin in others:
        assert not np.allclose(coin, price)
        assert np.sort(np.diff(np.log(coin))) == pytest.approx(returns)
        assert coin.iloc[0] == pytest.approx(price.iloc[0])
