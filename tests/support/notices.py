"""Events as the notifier gets them."""

from __future__ import annotations

import json
from typing import Any

from monitor.notifier.events import ALARM, Event

AT = 1_764_000_000.0  # 2025-11-24 16:00:00 UTC


def alert_record(**changes: Any) -> bytes:
    """Return a record of `market_alerts`, with other values where named."""
    fields = {
        "alert_id": "coinbase:BTC-USD:FLASH_CRASH:1764000000000",
        "alert_type": "FLASH_CRASH",
        "source": "coinbase",
        "product_id": "BTC-USD",
        "window_s": 60,
        "move_pct": "-3.205000",
        "reference_price": "97123.456000000000000000",
        "reference_time": 1_763_999_968_000,
        "price": "94010.650000000000000000",
        "triggered_at": 1_764_000_000_000,
        "detected_at": 1_764_000_002_000,
    }
    return json.dumps(fields | changes).encode()


def event(key: str, kind: str = ALARM, subject: str = "service.presto", at: float = AT) -> Event:
    """Return an event."""
    return Event(key, kind, subject, f"title of {key}", f"text of {key}", at, {})


class Now:
    """A time that only moves when told to."""

    def __init__(self) -> None:
        self.time = AT

    def __call__(self) -> float:
        return self.time
