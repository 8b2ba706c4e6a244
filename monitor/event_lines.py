"""One readable line for each record of a topic, whatever its bytes are."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from pipeline.markets import SIMULATOR

MOST_DIGITS = 38  # of a price, as many as the tables' decimals have
SHOWN = 100  # characters of a payload or reason
COLUMNS = (len("2026-11-21 09:53:11Z"), 19, 12)  # widths of time, topic and coin or product
QUIET = {"heartbeat", "heartbeats", "subscriptions"}  # of the trade feed: once a second and product
DIM, RED, YELLOW, PLAIN = "\x1b[2m", "\x1b[31m", "\x1b[33m", "\x1b[0m"


def is_quiet(value: bytes | None) -> bool:
    """Tell whether a record only says that the trade feed is alive."""
    fields = _object(value) or {}
    return str(fields.get("type", fields.get("channel"))) in QUIET


def line(topic: str, value: bytes | None, timestamp_ms: int, *, color: bool = False) -> str:
    """Return one line for a record; `timestamp_ms` is Kafka's, for records that carry no time of their own."""
    fields = _object(value)
    try:
        if fields is not None and "price_usd" in fields:
            return _price_line(topic, fields, color=color)
        if fields is not None and (told := _candle_story(fields) or _trade_story(fields)):
            return _other_line(topic, timestamp_ms, told, "")
        if fields is not None and "reason" in fields:
            told = f"{_text(fields.get('origin'))}: {_text(fields['reason'])}: {_text(fields.get('payload'))}"
            return _other_line(topic, timestamp_ms, told, YELLOW if color else "")
    except (LookupError, TypeError, ValueError, ArithmeticError):  # JSON, but no event: shown as it came
        pass
    return _other_line(topic, timestamp_ms, f"unreadable: {escaped(value)}", RED if color else "")


def escaped(value: bytes | None) -> str:
    """Return bytes as one shortened line without control characters, which could move the terminal's cursor."""
    if value is None:
        return "(no value)"
    return _text(value[: 4 * SHOWN].decode("utf-8", "backslashreplace"))


def money(amount: Decimal) -> str:
    """Return an amount in USD: thousands apart; cents from 100 USD on, five significant digits from 1, four below."""
    if not amount.is_finite() or amount.adjusted() > MOST_DIGITS:  # 1E+999999999 would fill the memory
        raise ValueError(f"not an amount: {amount}")
    digits = 5 if abs(amount) >= 1 else 4
    decimals = max(2, min(18, digits - 1 - amount.adjusted())) if amount else 2
    return f"{amount:,.{decimals}f}"


def utc(epoch_ms: int) -> str:
    """Return a time in ms since 1970 as UTC to the second; a time no calendar has is shown as the number."""
    try:
        return datetime.fromtimestamp(epoch_ms / 1000, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    except (ValueError, OverflowError, OSError):
        return _text(f"{epoch_ms} ms")


def _price_line(topic: str, fields: Mapping[str, Any], *, color: bool) -> str:
    moment, price = fields["event_time"], fields["price_usd"]
    if not isinstance(moment, int) or not isinstance(price, str):
        raise TypeError("event_time or price_usd is of another type")
    try:
        amount = money(Decimal(price))
    except InvalidOperation:
        raise ValueError("no number") from None
    start, end = (DIM, PLAIN) if color else ("", "")
    mark = YELLOW if color and fields.get("source") == SIMULATOR else start
    time, name, coin = (
        text.ljust(width) for text, width in zip((utc(moment), topic, _text(fields["coin"])), COLUMNS, strict=True)
    )
    return f"{start}{time}  {name}{end}  {coin}  {amount:>18} USD  {mark}{_text(fields['source'])}{end}"


def _candle_story(fields: Mapping[str, Any]) -> str | None:
    """Return what a minute candle tells, None when it is none."""
    if "is_filled" not in fields:
        return None
    closed, minute = money(Decimal(fields["close"])), utc(fields["minute"])
    product = _text(fields.get("product_id")).ljust(COLUMNS[2])
    return f"{product}  {closed:>18}      candle of {minute} from {_text(fields['source'])}"


def _trade_story(fields: Mapping[str, Any]) -> str | None:
    """Return what a record of the trade topics tells, None when it is none of theirs."""
    product = _text(fields.get("product_id")).ljust(COLUMNS[2])
    if fields.get("type") in {"match", "last_match"}:
        price, size = money(Decimal(fields["price"])), _text(fields["size"])
        return f"{product}  {price:>18}      {_text(fields['side'])} {size}, trade {_text(fields['trade_id'])}"
    if fields.get("type") == "rest_trades":
        return f"{product}  {len(fields['trades'])} trades fetched to fill a gap"
    if fields.get("channel") == "market_trades":
        trades = [trade for event in fields["events"] for trade in event["trades"]]
        return f"{_text(trades[0]['product_id']).ljust(COLUMNS[2])}  {len(trades)} trades" if trades else None
    if "alert_type" in fields:
        price = money(Decimal(fields["price"]))
        return f"{product}  {_text(fields['alert_type'])} {_text(fields['move_pct'])} % to {price}"
    if "gap_id" in fields:
        ids = f"{_text(fields['from_id'])}..{_text(fields['to_id'])}"
        return f"{product}  gap {ids} {_text(fields['status'])} ({_text(fields['reason'])})"
    return None


def _other_line(topic: str, timestamp_ms: int, told: str, color: str) -> str:
    return f"{utc(timestamp_ms).ljust(COLUMNS[0])}  {topic.ljust(COLUMNS[1])}  {color}{told}{PLAIN if color else ''}"


def _object(value: bytes | None) -> dict[str, Any] | None:
    try:
        parsed = json.loads(value or b"")
    except (ValueError, RecursionError):  # UnicodeDecodeError is a ValueError
        return None
    return parsed if isinstance(parsed, dict) else None


def _text(value: object) -> str:
    raw = "" if value is None else str(value)
    shown = "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in raw[: SHOWN + 1])
    return shown if len(shown) <= SHOWN else shown[: SHOWN - 3] + "..."
