"""Frames in the shapes of Coinbase's two feeds, built as text by hand: at 10,000 a second a JSON library costs more."""

from __future__ import annotations

import json
import time
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from pipeline.ingest.simulator.exchange.trades import MASK, SIZE_DECIMALS, Trade, mixed


def match(trade: Trade, kind: str = "match") -> bytes:
    """Return Coinbase Exchange's frame of a trade; `last_match` is the kind of the newest one at a subscription."""
    return (
        f'{{"type":"{kind}","trade_id":{trade.id},"maker_order_id":"{order_id(trade.dice)}",'
        f'"taker_order_id":"{order_id(MASK - trade.dice)}","side":"{trade.side}","size":"{trade.size}",'
        f'"price":"{trade.price}","product_id":"{trade.product}","sequence":{trade.sequence},'
        f'"time":"{iso(trade.time_us)}"}}'
    ).encode()


def heartbeat(newest: Trade, now_us: int) -> bytes:
    """Return Coinbase Exchange's heartbeat of a product."""
    return (
        f'{{"type":"heartbeat","last_trade_id":{newest.id},"product_id":"{newest.product}",'
        f'"sequence":{newest.sequence},"time":"{iso(now_us)}"}}'
    ).encode()


def subscriptions(channels: dict[str, list[str]]) -> bytes:
    """Return Coinbase Exchange's answer to a subscription: all that is subscribed to by now."""
    entries = [{"name": name, "product_ids": ids, "account_ids": None} for name, ids in channels.items()]
    return _json({"type": "subscriptions", "channels": entries})


def error(message: str, reason: str = "") -> bytes:
    """Return the frame that refuses something."""
    return _json({"type": "error", "message": message} | ({"reason": reason} if reason else {}))


def advanced(channel: str, number: int, now_us: int, event: str) -> bytes:
    """Return Advanced Trade's envelope of one event; `number` counts the frames of a connection from 0."""
    return (
        f'{{"channel":"{channel}","client_id":"","timestamp":"{iso(now_us)[:-1]}000Z","sequence_num":{number},'
        f'"events":[{event}]}}'
    ).encode()


def market_trades(kind: str, trades: Iterable[Trade]) -> str:
    """Return Advanced Trade's event of some trades, oldest given first; in the event the newest stands first."""
    entries = [
        f'{{"product_id":"{trade.product}","trade_id":"{trade.id}","price":"{trade.price}","size":"{trade.size}",'
        f'"time":"{iso(trade.time_us)}","side":"{trade.side.upper()}"}}'
        for trade in trades
    ]
    return f'{{"type":"{kind}","trades":[{",".join(reversed(entries))}]}}'


def beat(now_us: int, count: int) -> str:
    """Return Advanced Trade's heartbeat event, with the time as Go prints it."""
    text = iso(now_us)
    shown = f"{text[:10]} {text[11:-1]}000 +0000 UTC m=+{count}.000000001"
    return f'{{"current_time":"{shown}","heartbeat_counter":{count}}}'


def subscribed(channels: dict[str, list[str]]) -> str:
    """Return Advanced Trade's event of what is subscribed to by now."""
    return json.dumps({"subscriptions": channels}, separators=(",", ":"))


def rest_trade(trade: Trade) -> dict[str, Any]:
    """Return a trade as Coinbase Exchange's REST answers it: decimals are filled up with zeros there."""
    whole, _, decimals = trade.size.partition(".")
    return {
        "trade_id": trade.id,
        "side": trade.side,
        "size": f"{whole}.{decimals:0<{SIZE_DECIMALS}}",
        "price": trade.price + "0" * max(SIZE_DECIMALS - len(trade.price.partition(".")[2]), 0),
        "time": iso(trade.time_us),
    }


def iso(time_us: int) -> str:
    """Return a time, microseconds since 1970, as Coinbase writes it."""
    seconds, rest = divmod(time_us, 1_000_000)
    return f"{_second(seconds)}.{rest:06d}Z"


def order_id(dice: int) -> str:
    """Return a UUID made of 64 random bits."""
    digits = f"{dice:016x}{mixed(dice):016x}"
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"


@lru_cache(maxsize=64)
def _second(seconds: int) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(seconds))


def _json(values: dict[str, Any]) -> bytes:
    return json.dumps(values, separators=(",", ":")).encode()
