"""What a reader of the notebook should know about the data before looking at the charts."""

from __future__ import annotations

from collections.abc import Sequence

from analysis.prices import DailySeries

LITTLE_DAYS = 365  # yearly returns, the 200-day mean and the heat map say nothing with less


def history_advice(coins: Sequence[DailySeries]) -> str:
    """Tell, a line each, which coins are simulated or lack their past, and what loads it."""
    lines = [f"{series.coin}: SIMULATED DATA, not market prices." for series in coins if series.simulated]
    lines += [_missing(series) for series in coins if len(series.price) < LITTLE_DAYS]
    return "\n".join(lines) or "All coins have real prices for a year or more."


def _missing(series: DailySeries) -> str:
    days = len(series.price)
    have = "no price yet" if days == 0 else f"only {days} {'day' if days == 1 else 'days'} of prices"
    command = f"pipeline/init/init_coin_data.sh {series.coin}"
    return f"{series.coin}: {have}. Load its history since 2013 in a terminal, then run all cells again:  {command}"
