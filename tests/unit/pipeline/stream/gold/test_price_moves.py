"""When a move is an alert: thresholds, windows, one an event."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from pipeline.events.trades import Alert
from pipeline.settings.alerts import AlertRule
from pipeline.stream.gold.move_detector import MoveDetector
from pipeline.stream.gold.price_moves import CRASH, SURGE
from pipeline.stream.silver.trades.extremes import Extremes
from tests.support.price_series import Tables

START = datetime(2026, 1, 13, 12)
NOW = datetime(2026, 1, 13, 13, tzinfo=UTC)
RULES = (AlertRule(60, Decimal(2)), AlertRule(300, Decimal(5)))


def at(second: float, price: str, high: str | None = None, product: str = "BTC-USD") -> Extremes:
    """Return a second's extremes: with `high`, first that price and half a second later the lower one."""
    time = START + timedelta(seconds=second)
    whole = time.replace(microsecond=0)
    if high is None:
        return Extremes("coinbase", product, whole, Decimal(price), time, Decimal(price), time)
    return Extremes("coinbase", product, whole, Decimal(price), time + timedelta(seconds=0.5), Decimal(high), time)


def run(*prices: Extremes, cooldown_s: int = 300, batch: int = 1) -> list[Alert]:
    detector = MoveDetector(RULES, cooldown_s, Tables(RULES, cooldown_s))
    return [a for i in range(0, len(prices), batch) for a in detector.detect(prices[i : i + batch], NOW)]


def kinds(alerts: list[Alert]) -> list[tuple[str, int]]:
    return [(alert.alert_type, alert.window_s) for alert in alerts]


@pytest.mark.parametrize("batch", [1, 3, 41])
def test_three_percent_in_forty_seconds_is_one_alert(batch: int) -> None:
    fall = [at(second, str(100_000 - 75 * second)) for second in range(41)]
    (alert,) = run(*fall, *(at(second, "97000") for second in range(41, 400)), batch=batch)
    assert (alert.alert_type, alert.window_s, alert.move_pct) == (CRASH, 60, Decimal("-2.025000"))
    assert (alert.reference_price, alert.price) == (Decimal(100_000), Decimal(97_975))
    assert alert.triggered_at == (START + timedelta(seconds=27)).replace(tzinfo=UTC)
    assert alert.alert_id == f"coinbase:BTC-USD:FLASH_CRASH:{int(alert.triggered_at.timestamp() * 1000)}"
    assert alert.detected_at == NOW


def test_a_move_of_exactly_the_threshold_counts_and_less_does_not() -> None:
    assert kinds(run(at(0, "100"), at(60, "98"))) == [(CRASH, 60)]
    assert kinds(run(at(0, "100"), at(60, "102"))) == [(SURGE, 60)]
    assert run(at(0, "100"), at(60, "98.0001")) == []


def test_what_left_the_window_is_no_reference() -> None:
    assert run(at(0, "100"), at(61, "97")) == []
    assert kinds(run(at(0, "100"), at(61, "95"))) == [(CRASH, 300)]


def test_a_rise_to_the_top_is_no_crash() -> None:
    assert kinds(run(at(0, "95"), at(10, "100"))) == [(SURGE, 60)]


def test_a_crash_within_one_second_counts_by_its_order() -> None:
    assert kinds(run(at(0, "97", high="100"))) == [(CRASH, 60)]


def test_products_do_not_mix() -> None:
    assert run(at(0, "100"), at(1, "50", product="ETH-USD")) == []


def test_the_cooldown_ends() -> None:
    fall = [at(0, "100"), at(10, "97"), at(320, "97"), at(330, "94")]
    assert len(run(*fall)) == 2
    assert len(run(*fall, cooldown_s=330)) == 1


def test_both_types_have_cooldowns_of_their_own() -> None:
    assert kinds(run(at(0, "100"), at(10, "97"), at(20, "100"), at(30, "97"))) == [(CRASH, 60), (SURGE, 60)]


def test_a_late_price_is_judged_at_its_own_time() -> None:
    alerts = run(at(0, "100"), at(30, "99"), at(10, "97"))
    assert [alert.triggered_at for alert in alerts if alert.alert_type == CRASH] == [
        (START + timedelta(seconds=10)).replace(tzinfo=UTC)
    ]


def test_what_a_former_process_raised_is_remembered() -> None:
    detector = MoveDetector(RULES, 300, Tables(RULES, 300))
    detector.remember([at(0, "100")], [("coinbase", "BTC-USD", CRASH, START + timedelta(seconds=5))])
    assert detector.detect([at(10, "97")], NOW) == []


def test_without_rules_there_are_no_alerts() -> None:
    assert MoveDetector((), 300, Tables((), 300)).detect([at(0, "100"), at(1, "50")], NOW) == []
