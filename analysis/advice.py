"""What a reader of the notebooks should know about the data before looking at the charts.

Advice on trades is Markdown, so that what matters most can be bold.
"""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from analysis.prices import DailySeries
from analysis.style import duration
from pipeline.events.trades import FILLED, LOST, OPEN, UNAVAILABLE
from pipeline.markets import SIMULATOR
from pipeline.settings.alerts import AlertRule

LITTLE_DAYS = 365  # yearly returns, the 200-day mean and the heat map say nothing with less
NO_TRADES_ADVICE = (
    "They come by themselves while the lake runs: `pipeline/scripts/pipeline_status.sh` in a terminal tells whether it "
    "does. Then run all cells again."
)


def history_advice(coins: Sequence[DailySeries]) -> str:
    """Tell, a line each, which coins are simulated or lack their past, and what loads it."""
    lines = [f"{series.coin}: SIMULATED DATA, not market prices." for series in coins if series.simulated]
    lines += [_missing(series) for series in coins if len(series.price) < LITTLE_DAYS]
    return "\n".join(lines) or "All coins have real prices for a year or more."


def completeness(coverage: pd.DataFrame) -> str:
    """Say of each source whether any of its trades is missing; real sources come first."""
    parts = [_complete(str(source), rows) for source, rows in coverage.groupby("source")]
    return "\n\n".join(parts) or f"**There are no trades yet.** {NO_TRADES_ADVICE}"


def gaps_told(gaps: pd.DataFrame, hours: int) -> str:
    """Count the gaps by what became of them."""
    if gaps.empty:
        return f"No gap in the last {hours} h."
    counts = gaps["status"].value_counts()
    usual = (OPEN, FILLED, LOST, *([UNAVAILABLE] if UNAVAILABLE in counts else []))
    states = ", ".join(f"{counts.get(status, 0)} {status}" for status in usual)
    return f"{_count(len(gaps), 'gap')} in the last {hours} h: {states}."


def alerts_told(alerts: pd.DataFrame, rules: Sequence[AlertRule], hours: int) -> str:
    """Count the alerts, and say which moves raise one."""
    moves = " or ".join(f"{rule.percent} % within {rule.window_s} s" for rule in rules)
    many = _count(len(alerts), "alert") if len(alerts) else "No alert"
    return f"{many} in the last {hours} h. One is raised when a price moves by {moves}."


def age_told(freshness: pd.DataFrame) -> str:
    """Say how old the newest trade of each source is."""
    if freshness.empty:
        return f"**No trade was made in this time.** {NO_TRADES_ADVICE}"
    ages = freshness.groupby("source")["newest_age_ms"].min()
    parts = [f"**{_source(str(source))}: the newest trade is {duration(age)} old.**" for source, age in ages.items()]
    return "\n\n".join(parts)


def _complete(source: str, rows: pd.DataFrame) -> str:
    expected, filled, missing = (int(rows[column].sum()) for column in ("expected", "filled", "missing"))
    products = _count(len(rows), "product")
    if not missing:
        all_here = f"All {expected:,} trades of {products} are here, {filled:,} of them fetched afterwards."
        return f"**{_source(source)}: nothing is missing.** {all_here}"
    holes = rows[rows["missing"] > 0]
    where = ", ".join(f"{row.product_id} {row.missing:,}" for row in holes.itertuples())
    newest = f"the newest in the hour from {holes['last_incomplete_hour'].max():%Y-%m-%d %H:%M} UTC"
    return f"**{_source(source)}: {missing:,} of {expected:,} trades are missing.** {where}; {newest}."


def _source(source: str) -> str:
    return f"{source} (SIMULATED DATA)" if source == SIMULATOR else source


def _count(number: int, thing: str) -> str:
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def _missing(series: DailySeries) -> str:
    days = len(series.price)
    have = "no price yet" if days == 0 else f"only {days} {'day' if days == 1 else 'days'} of prices"
    command = f"pipeline/init/init_coin_data.sh {series.coin}"
    return f"{series.coin}: {have}. Load its history since 2013 in a terminal, then run all cells again:  {command}"
