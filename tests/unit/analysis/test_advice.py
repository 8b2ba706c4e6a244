"""What the notebooks tell about their data before the charts."""

from __future__ import annotations

from decimal import Decimal

import pandas as pd

from analysis.advice import age_told, alerts_told, completeness, gaps_told, history_advice
from analysis.prices import DailySeries
from pipeline.settings.alerts import AlertRule
from tests.support import trade_answers as made


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


def test_complete_trades_are_told_by_source_in_bold() -> None:
    rows = [made.coverage("BTC-USD"), made.coverage("ETH-USD"), made.coverage("BTC-USD", source="simulator")]
    real, simulated = completeness(made.frame("trade_coverage", rows)).split("\n\n")
    assert real == (
        "**coinbase: nothing is missing.** All 2,000 trades of 2 products are here, 6 of them fetched afterwards."
    )
    assert simulated.startswith("**simulator (SIMULATED DATA): nothing is missing.** All 1,000 trades of 1 product ")


def test_missing_trades_are_counted_by_product() -> None:
    rows = [made.coverage("BTC-USD", 12), made.coverage("ETH-USD", 2), made.coverage("SOL-USD")]
    assert completeness(made.frame("trade_coverage", rows)) == (
        "**coinbase: 14 of 3,000 trades are missing.** BTC-USD 12, ETH-USD 2; "
        "the newest in the hour from 2026-11-21 16:00 UTC."
    )


def test_an_empty_lake_is_told_what_to_do() -> None:
    for told in (completeness(made.frame("trade_coverage")), age_told(made.frame("trade_freshness"))):
        assert told.startswith("**")
        assert "`pipeline/scripts/pipeline_status.sh`" in told


def test_gaps_are_counted_by_what_became_of_them() -> None:
    rows = [made.gap("open", None), made.gap("filled", 3), made.gap("filled", 4)]
    assert gaps_told(made.frame("trade_gaps", rows), 24) == "3 gaps in the last 24 h: 1 open, 2 filled, 0 lost."
    delisted = [*rows, made.gap("unavailable", 5)]
    assert gaps_told(made.frame("trade_gaps", delisted), 24).endswith("1 open, 2 filled, 0 lost, 1 unavailable.")
    assert gaps_told(made.frame("trade_gaps"), 24) == "No gap in the last 24 h."


def test_alerts_are_told_with_their_rules() -> None:
    rules = (AlertRule(60, Decimal(2)), AlertRule(300, Decimal("5.5")))
    rule = "One is raised when a price moves by 2 % within 60 s or 5.5 % within 300 s."
    one = made.frame("live_alerts", [made.alert(1, 2.5)])
    assert alerts_told(one, rules, 24) == f"1 alert in the last 24 h. {rule}"
    assert alerts_told(one[:0], rules, 24) == f"No alert in the last 24 h. {rule}"


def test_the_age_is_that_of_the_newest_trade_by_any_channel() -> None:
    rows = [made.freshness("matches", age_ms=2100), made.freshness("rest", age_ms=90_000)]
    assert age_told(made.frame("trade_freshness", rows)) == "**coinbase: the newest trade is 2.1 s old.**"
