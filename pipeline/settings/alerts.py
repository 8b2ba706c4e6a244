"""When a move of a price is an alert."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from pipeline.settings import values as parse
from pipeline.settings.values import Reader


@dataclass(frozen=True)
class AlertRule:
    """Raise an alert when a price moves by `percent` or more within `window_s` seconds, up or down."""

    window_s: int
    percent: Decimal


@dataclass(frozen=True)
class AlertSettings:
    """The rules for all products."""

    rules: tuple[AlertRule, ...]
    cooldown_s: int  # after an alert, this long none of the same product and type


def read_alerts(reader: Reader) -> AlertSettings:
    """Read the alerts' settings."""
    return AlertSettings(
        rules=reader.get("COINLAKE_ALERT_RULES", "60:2,300:5", _rules),
        cooldown_s=reader.get("COINLAKE_ALERT_COOLDOWN_SECONDS", "300", parse.whole(0, 86_400)),
    )


def _rules(value: str) -> tuple[AlertRule, ...]:
    return tuple(_rule(part.strip()) for part in value.split(",") if part.strip())


def _rule(text: str) -> AlertRule:
    window, _, percent = text.partition(":")
    expected = "SECONDS:PERCENT pairs such as 60:2,300:5; windows from 1 to 3600, percents from 0.01 to 99"
    try:
        rule = AlertRule(int(window), Decimal(percent))
    except (ValueError, InvalidOperation):
        raise ValueError(expected) from None
    if not (1 <= rule.window_s <= 3600 and rule.percent.is_finite() and Decimal("0.01") <= rule.percent <= 99):
        raise ValueError(expected)
    return rule
