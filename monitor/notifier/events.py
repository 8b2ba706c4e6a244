"""What people are told: alerts of the market, alarms of the pipeline and their ends, and tests of a channel."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from monitor.event_lines import money, utc
from pipeline.markets import SIMULATOR

ALERT, ALARM, RECOVERY, TEST = "alert", "alarm", "recovery", "test"
"""The kinds of events. An alert is a move of the market, an alarm is about the pipeline."""

SIMULATED = "[SIMULATED] "
LONGEST = 200  # characters of a name from a record


@dataclass(frozen=True)
class Event:
    """Something to tell. `key` is its name for ever: an event that comes again has the same one.

    `subject` is what it is about, such as `service.presto`; mutes, cool-downs and the order of messages go by it.
    """

    key: str
    kind: str
    subject: str
    title: str
    text: str
    at: float  # when it happened, seconds since 1970
    data: Mapping[str, Any]

    def body(self) -> str:
        """Return the JSON that a webhook gets; `id` is the key."""
        time = datetime.fromtimestamp(self.at, UTC).isoformat(timespec="milliseconds")
        told = {"id": self.key, "kind": self.kind, "subject": self.subject, "title": self.title, "text": self.text}
        return json.dumps({**told, "time": time, "data": dict(self.data)}, ensure_ascii=False)


@dataclass(frozen=True)
class MarketAlert:
    """A record of the topic `market_alerts`, as the notifier reads it; times are seconds since 1970."""

    event: Event
    detected_at: float


def market_alert(record: bytes) -> MarketAlert:
    """Read a record.

    Raises:
        ValueError: it is no alert.
    """
    try:
        return _read(json.loads(record))
    except (ValueError, LookupError, TypeError, ArithmeticError, OverflowError, OSError) as error:
        raise ValueError(f"no alert: {error!r}") from None


def _read(fields: Mapping[str, Any]) -> MarketAlert:
    source, product, kind = (_name(fields[name]) for name in ("source", "product_id", "alert_type"))
    triggered_ms, detected_ms = int(fields["triggered_at"]), int(fields["detected_at"])
    simulated = source == SIMULATOR
    event = Event(
        key=f"alert:{_name(fields['alert_id'])}",
        kind=ALERT,
        subject=f"alert.{source}.{product}.{kind}",
        title=f"{SIMULATED if simulated else ''}{kind} {product} {_percent(fields['move_pct'])}",
        text=_story(fields, product, simulated=simulated),
        at=triggered_ms / 1000,
        data=dict(fields),
    )
    event.body()  # a time that no calendar has is an error here
    return MarketAlert(event, detected_ms / 1000)


def _story(fields: Mapping[str, Any], product: str, *, simulated: bool) -> str:
    before, after = money(Decimal(fields["reference_price"])), money(Decimal(fields["price"]))
    moved = f"{product} moved by {_percent(fields['move_pct'])} within {int(fields['window_s'])} s"
    times = f"from {before} at {utc(int(fields['reference_time']))} to {after} at {utc(int(fields['triggered_at']))}"
    mark = "These are SIMULATED prices, not the market's." if simulated else f"Source: {_name(fields['source'])}."
    return f"{moved}, {times}. {mark}"


def _percent(value: object) -> str:
    try:
        percent = Decimal(str(value))
    except InvalidOperation:
        raise ValueError("move_pct is no number") from None
    if not percent.is_finite():
        raise ValueError("move_pct is no number")
    return f"{percent:+.2f} %"


def _name(value: object) -> str:
    """Return a short text without control characters: it becomes part of a header, a title and a key."""
    if not isinstance(value, str) or not value or len(value) > LONGEST or not (value.isascii() and value.isprintable()):
        raise ValueError(f"not a name: {value!r}"[:LONGEST])
    return value
