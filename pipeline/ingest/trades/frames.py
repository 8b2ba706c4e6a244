"""What a frame of the exchange's feed says: which trades it brings, or what else it is.

Frames are forwarded unchanged; only what the ledger of gaps needs is read here. Every frame of every product passes
through `read_frame`, so its usual case, one trade of `matches`, costs about a microsecond.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import orjson

from pipeline.events.trades import MARKET_TRADES, MATCHES, REST, REST_FRAME

TRADES, OTHER, UNREADABLE = "trades", "other", "unreadable"
HEARTBEAT, ERROR, UNKNOWN = "heartbeat", "error", "unknown"
DIGITS = 19  # more than that is no bigint

Trades = tuple[tuple[str, tuple[int, ...]], ...]
"""The ids of the trades of each product in a frame."""


class Frame(NamedTuple):
    """One frame: `unreadable` means that it is no JSON object, or that a trade in it has no id or product."""

    kind: str  # trades, other or unreadable
    channel: str  # matches, market_trades, rest, or what the frame calls itself
    product: str | None
    trades: Trades = ()
    last_trade_id: int | None = None  # a heartbeat's: the newest trade that the exchange has made
    error: str = ""  # what the exchange complains of


_new = tuple.__new__  # half the cost of calling Frame


def read_frame(frame: bytes) -> Frame:
    """Return what a frame says; a frame that makes no sense is no error."""
    try:
        body = orjson.loads(frame)
        kind = body.get("type")
    except (ValueError, AttributeError):
        return Frame(UNREADABLE, UNKNOWN, None)
    if kind == "match" or kind == "last_match":  # noqa: PLR1714  # quicker than a set
        product, trade_id = body.get("product_id"), body.get("trade_id")
        if type(trade_id) is int and type(product) is str:
            return _new(Frame, (TRADES, MATCHES, product, ((product, (trade_id,)),), None, ""))
        return _of_objects(MATCHES, (body,))
    if kind == REST_FRAME:
        return _of_rest(body)
    if body.get("channel") == MARKET_TRADES:
        return _of_events(body)
    return _other(body)


def _of_events(body: dict[str, Any]) -> Frame:
    try:
        trades = [trade for event in body["events"] for trade in event["trades"]]
    except (KeyError, TypeError):
        return Frame(UNREADABLE, MARKET_TRADES, None)
    return _of_objects(MARKET_TRADES, trades)


def _of_rest(body: dict[str, Any]) -> Frame:
    product, trades = body.get("product_id"), body.get("trades")
    if not isinstance(trades, list):
        return Frame(UNREADABLE, REST, _text(product))
    return _of_objects(REST, [{**trade, "product_id": product} for trade in trades if isinstance(trade, dict)])


def _of_objects(channel: str, objects: Iterable[Any]) -> Frame:
    """Read trade objects; the frame belongs to the first product. Those that can be read count in any case."""
    found: dict[str, list[int]] = {}
    flawed = False
    for one in objects:
        trade_id = _trade_id(one.get("trade_id")) if isinstance(one, dict) else None
        product = _text(one.get("product_id")) if isinstance(one, dict) else None
        if product is not None:
            found.setdefault(product, [])
        if trade_id is None or product is None:
            flawed = True
        else:
            found[product].append(trade_id)
    trades = tuple((product, tuple(ids)) for product, ids in found.items() if ids)
    return Frame(UNREADABLE if flawed else TRADES, channel, next(iter(found), None), trades)


def _other(body: dict[str, Any]) -> Frame:
    channel = _text(body.get("type")) or _text(body.get("channel")) or UNKNOWN
    product = _text(body.get("product_id"))
    if channel == HEARTBEAT:
        return Frame(OTHER, channel, product, (), _trade_id(body.get("last_trade_id")))
    if channel == ERROR:
        parts = (_text(body.get("message")), _text(body.get("reason")))
        return Frame(OTHER, channel, product, error=": ".join(filter(None, parts)) or "without a reason")
    return Frame(OTHER, channel, product)


def _trade_id(value: object) -> int | None:
    """Read an id, which Advanced Trade writes as text."""
    if type(value) is int:
        return value
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) <= DIGITS:
        return int(value)
    return None


def _text(value: object) -> str | None:
    return value if isinstance(value, str) and value else None
