"""Answers of Presto's to the statements about trades: their columns with types, and made-up rows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import pandas as pd

from analysis.frames import to_frame

Row = list[object]
PRODUCT = {"source": "varchar", "product_id": "varchar"}
PRICE, TIME = "decimal(38,18)", "timestamp"
STEPS = [f"{step}_{quantile}" for step in ("feed", "queue", "total") for quantile in ("p50", "p90", "p99", "max")]

COLUMNS: dict[str, dict[str, str]] = {
    "trade_coverage": PRODUCT
    | dict.fromkeys(("expected", "received", "filled", "missing", "hours", "incomplete_hours"), "bigint")
    | dict.fromkeys(("last_incomplete_hour", "first_hour", "last_hour"), TIME)
    | {"last_trade_id": "bigint"},
    "trade_gaps": {"status": "varchar"}
    | PRODUCT
    | dict.fromkeys(("from_id", "to_id", "trades", "filled", "lost"), "bigint")
    | {"reason": "varchar", "opened_at": TIME, "closed_at": TIME, "note": "varchar"},
    "price_trend": PRODUCT
    | {"window_end": TIME}
    | dict.fromkeys(("avg_price", "min_price", "max_price", "vwap", "volume"), PRICE)
    | {"trades": "bigint", "move_pct": "double"},
    "candles": PRODUCT
    | {"minute": TIME}
    | dict.fromkeys(("open", "high", "low", "close", "volume", "turnover"), PRICE)
    | {"trades": "bigint", "filled": "bigint"},
    "volume_per_asset": {"source": "varchar", "asset": "varchar", "quote": "varchar"}
    | {"volume": PRICE, "turnover": PRICE, "trades": "bigint", "last_price": PRICE},
    "volume_profile": PRODUCT
    | {"level": "integer", "price_from": "double", "price_to": "double", "volume": PRICE, "trades": "bigint"}
    | {"first_trade": TIME, "last_trade": TIME},
    "live_alerts": {"triggered_at": TIME, "alert_type": "varchar"}
    | PRODUCT
    | {"move_pct": "decimal(18,6)", "window_s": "integer", "reference_price": PRICE, "reference_time": TIME}
    | {"price": PRICE, "delay_ms": "bigint", "alert_id": "varchar"},
    "trade_freshness": {"source": "varchar", "channel": "varchar", "trades": "bigint", "newest_trade": TIME}
    | dict.fromkeys(("newest_age_ms", *STEPS), "bigint"),
}
"""What each statement in `analysis/sql` returns, in order."""

START = datetime(2026, 11, 21, 16)
BTC, ETH = "BTC-USD", "ETH-USD"


def frame(statement: str, rows: Sequence[Row] = ()) -> pd.DataFrame:
    """Return the rows as `Lake` does."""
    return to_frame(list(COLUMNS[statement].items()), rows, exact=False)


def answer(statement: str, rows: Sequence[Row] = ()) -> dict[str, Any]:
    """Return the rows as Presto's protocol has them."""
    return {"columns": [{"name": n, "type": t} for n, t in COLUMNS[statement].items()], "data": list(rows)}


def at(minutes: float) -> str:
    """Return the moment so many minutes after `START`, as Presto writes it."""
    return (START + timedelta(minutes=minutes)).isoformat(sep=" ", timespec="milliseconds")


def trend(product: str = BTC, source: str = "coinbase", minutes: int = 90, price: int = 100) -> list[Row]:
    """Return a rolling hour that rises by one every minute; the first hour has nothing before it to compare with."""
    return [
        [
            *(source, product, at(n), f"{price + n}", f"{price}", f"{price + 2 * n}"),
            *(None if n == 0 else f"{price + n}.5", "2.5", n + 1, None if n < 60 else 1.25),
        ]
        for n in range(minutes)
    ]


def candles(product: str = BTC, source: str = "coinbase", minutes: int = 30, price: int = 100) -> list[Row]:
    """Return candles that rise and fall in turn: from 100 to 101, back to 100, and so on."""
    return [
        [
            *(source, product, at(n), f"{price + n % 2}", f"{price + 2}", f"{price - 1}", f"{price + (n + 1) % 2}"),
            *("2", "200", 4, 0),
        ]
        for n in range(minutes)
    ]


def profile(product: str = BTC, source: str = "coinbase", levels: int = 20) -> list[Row]:
    """Return price levels of one, from 100 up; the volume is largest in the middle."""
    return [
        [source, product, n, 100.0 + n, 101.0 + n, f"{1 + min(n, levels - 1 - n)}", 3, at(0), at(90)]
        for n in range(levels)
    ]


def alert(minutes: float, move: float, product: str = BTC, source: str = "coinbase") -> Row:
    """Return an alert: a fall is a crash, a rise a surge."""
    kind = "FLASH_CRASH" if move < 0 else "PRICE_SURGE"
    return [at(minutes), kind, source, product, f"{move}", 60, "100", at(minutes - 1), "101", 800, f"a-{minutes}"]


def coverage(product: str, missing: int = 0, source: str = "coinbase") -> Row:
    """Return the coverage of a product that 1,000 trades are expected of, 3 of them filled."""
    incomplete = at(0) if missing else None
    return [source, product, 1000, 997 - missing, 3, missing, 2, int(missing > 0), incomplete, at(0), at(60), 5000]


def gap(status: str, seconds: float | None, source: str = "coinbase") -> Row:
    """Return a gap of five trades; without `seconds` it is not closed."""
    closed = None if seconds is None else at(seconds / 60)
    return [status, source, BTC, 11, 15, 5, 5, 0, "jump", at(0), closed, "fetched by REST: 5"]


def freshness(channel: str = "matches", source: str = "coinbase", age_ms: int = 2100) -> Row:
    """Return delays of a channel: 0 to 40 ms on the feed, 50 to 90 ms to Kafka, and both together."""
    return [source, channel, 400, at(90), age_ms, 0, 20, 30, 40, 50, 60, 70, 90, 50, 80, 100, 4000]
