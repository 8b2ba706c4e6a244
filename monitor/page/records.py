"""What the page reads from a record of Kafka's: trades, prices and alerts; anything else is nothing to show."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

import orjson

from pipeline.events.coin_prices import epoch_ms
from pipeline.events.trades import MARKET_TRADES

MATCH_TYPES = {"match", "last_match"}
UNREADABLE = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError)
Headers = Mapping[str, bytes | str | None]


@dataclass(frozen=True, slots=True)
class Trade:
    """One trade of the live feed; price and size as the exchange wrote them, times in ms since 1970."""

    product_id: str
    trade_id: str
    price: str
    size: str
    side: str  # the resting order's
    traded_ms: int
    received_ms: int  # when the trade producer got it
    source: str


@dataclass(frozen=True, slots=True)
class CoinPrice:
    """One price observation of a coin, in USD."""

    coin: str
    price: str
    event_ms: int
    source: str


def read_trades(value: bytes, headers: Headers, kafka_ms: int) -> list[Trade]:
    """Return the live trades of a frame; those fetched later by REST, heartbeats and what is unreadable are none."""
    try:
        body = orjson.loads(value)
        told = {name: _text(content) for name, content in headers.items()}
        received_ms = int(told.get("received_us") or kafka_ms * 1000) // 1000
        source = told.get("source") or ""
        return [_trade(one, received_ms, source) for one in _matches(body)]
    except UNREADABLE:
        return []


def read_coin_price(value: bytes) -> CoinPrice | None:
    """Return the observation in a record of `coin_events`."""
    try:
        body = orjson.loads(value)
        return CoinPrice(str(body["coin"]), _price(body["price_usd"]), int(body["event_time"]), str(body["source"]))
    except UNREADABLE:
        return None


def read_alert(value: bytes) -> dict[str, Any] | None:
    """Return the alert in a record of `market_alerts`, with what the page shows of it."""
    try:
        body = orjson.loads(value)
        return alert(body, triggered_ms=int(body["triggered_at"]), detected_ms=int(body["detected_at"]))
    except UNREADABLE:
        return None


def alert(fields: Mapping[str, Any], *, triggered_ms: int, detected_ms: int) -> dict[str, Any]:
    """Return what the page shows of an alert, whether it came from the topic or the table."""
    names = ("alert_id", "alert_type", "source", "product_id", "window_s", "move_pct", "reference_price", "price")
    return {name: fields[name] for name in names} | {"triggered_ms": triggered_ms, "detected_ms": detected_ms}


def _matches(body: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    if body.get("type") in MATCH_TYPES:
        yield body
    elif body.get("channel") == MARKET_TRADES:
        for event in body["events"]:
            yield from event["trades"]


def _trade(one: Mapping[str, Any], received_ms: int, source: str) -> Trade:
    return Trade(
        product_id=str(one["product_id"]),
        trade_id=str(one["trade_id"]),
        price=_price(one["price"]),
        size=str(one["size"]),
        side=str(one["side"]).lower(),
        traded_ms=epoch_ms(datetime.fromisoformat(one["time"])),
        received_ms=received_ms,
        source=source,
    )


def _price(text: object) -> str:
    """Return a price as it was written; raise `ValueError` for what is none."""
    if not isinstance(text, str) or not Decimal(text).is_finite() or Decimal(text) <= 0:
        raise ValueError(f"no price: {text!r}")
    return text


def _text(content: bytes | str | None) -> str:
    return content.decode("utf-8", "replace") if isinstance(content, bytes) else content or ""
