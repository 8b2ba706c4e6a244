"""What the notebook tells about its data before the charts."""

from __future__ import annotations

import pandas as pd

from analysis.advice import history_advice
from analysis.prices import DailySeries


def series(coin: str, days: int, source: str = "coingecko") -> DailySeries:
    index = pd.date_range("2020-01-01", periods=days)
    return DailySeries(coin, pd.DataFrame({"price_usd": 1.0, "source": source}, index=index))


def test_enough_real_prices_need_no_advice() -> None:
    assert history_advice([series("bitcoin", 365)]) == "All coins have real prices for a year or more."


def test_a_coin_without_its_past_names_the_command() -> None:
    told = history_advice([series("bitcoin", 364), series("solana", 1), series("dogecoin", 0)]).splitlines()
    assert [line.split(".")[0] for line in told] == [
        "bitcoin: only 364 days of prices",
        "solana: only 1 day of prices",
        "dogecoin: no price yet",
    ]
    assert told[1].endswith("  pipeline/init/init_coin_data.sh solana")


def test_a_simulated_coin_is_named_first() -> None:
    told = history_advice([series("bitcoin", 400), series("solana", 400, "simulator")])
    assert told == "solana: SIMULATED DATA, not market prices."
