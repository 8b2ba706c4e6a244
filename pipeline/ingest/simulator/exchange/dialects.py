"""The two ways in which Coinbase feeds speak, told apart by the subscribe message."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Protocol

from pipeline.ingest.simulator.exchange import wire
from pipeline.ingest.simulator.exchange.trades import Trade


class RefusedError(Exception):
    """A message that the feed answers with an error frame: what failed, and why."""


class Dialect(Protocol):
    """How a feed says things; the names of its two channels, and how many trades a subscription begins with."""

    trades_channel: str
    beats_channel: str
    opening: int

    def wanted(self, message: dict[str, Any]) -> dict[str, list[str]]:
        """Return the products that a message asks for, by channel; raise `RefusedError` if it cannot be read."""
        ...

    def subscribed(self, channels: dict[str, list[str]], now_us: int) -> bytes:
        """Return the frame that tells all that is subscribed to."""
        ...

    def first_trades(self, trades: Sequence[Trade], now_us: int) -> bytes:
        """Return the frame of the newest trades of a product at the beginning of its subscription."""
        ...

    def trades(self, trades: Sequence[Trade], now_us: int) -> list[bytes]:
        """Return the frames of some trades."""
        ...

    def beats(self, newest: Sequence[Trade], now_us: int) -> list[bytes]:
        """Return a second's heartbeats, given the newest trade of each product subscribed to."""
        ...


class ExchangeDialect:
    """Coinbase Exchange: matches and heartbeat, a frame for each trade."""

    trades_channel, beats_channel, opening = "matches", "heartbeat", 1

    def wanted(self, message: dict[str, Any]) -> dict[str, list[str]]:
        """Read channels given as names or as objects with products of their own."""
        channels = {}
        for entry in _texts_or_objects(message.get("channels")):
            of_its_own = entry if isinstance(entry, dict) else {"name": entry}
            ids = of_its_own.get("product_ids", message.get("product_ids"))
            channels[str(of_its_own.get("name"))] = product_ids(ids)
        return channels

    def subscribed(self, channels: dict[str, list[str]], now_us: int) -> bytes:  # noqa: ARG002 - tells no time
        """Return a subscriptions frame."""
        return wire.subscriptions(channels)

    def first_trades(self, trades: Sequence[Trade], now_us: int) -> bytes:  # noqa: ARG002 - tells the trade's time
        """Return a last_match frame."""
        return wire.match(trades[-1], "last_match")

    def trades(self, trades: Sequence[Trade], now_us: int) -> list[bytes]:  # noqa: ARG002 - tells the trade's time
        """Return a match frame for each trade."""
        return [wire.match(trade) for trade in trades]

    def beats(self, newest: Sequence[Trade], now_us: int) -> list[bytes]:
        """Return a heartbeat frame for each product."""
        return [wire.heartbeat(trade, now_us) for trade in newest]


class AdvancedDialect:
    """Advanced Trade: market_trades and heartbeats, in numbered envelopes; several trades of a product in one."""

    trades_channel, beats_channel, opening = "market_trades", "heartbeats", 10

    def __init__(self) -> None:
        self._frames = 0
        self._beats = 0

    def wanted(self, message: dict[str, Any]) -> dict[str, list[str]]:
        """Read the one channel; heartbeats are of no product."""
        channel = str(message.get("channel"))
        return {channel: [] if channel == self.beats_channel else product_ids(message.get("product_ids"))}

    def subscribed(self, channels: dict[str, list[str]], now_us: int) -> bytes:
        """Return a subscriptions frame."""
        shown = {channel: ids or [channel] for channel, ids in channels.items()}
        return self._frame("subscriptions", now_us, wire.subscribed(shown))

    def first_trades(self, trades: Sequence[Trade], now_us: int) -> bytes:
        """Return a snapshot."""
        return self._frame("market_trades", now_us, wire.market_trades("snapshot", trades))

    def trades(self, trades: Sequence[Trade], now_us: int) -> list[bytes]:
        """Return an update for each product."""
        by_product: dict[str, list[Trade]] = {}
        for trade in trades:
            by_product.setdefault(trade.product, []).append(trade)
        updates = (wire.market_trades("update", group) for group in by_product.values())
        return [self._frame("market_trades", now_us, update) for update in updates]

    def beats(self, newest: Sequence[Trade], now_us: int) -> list[bytes]:  # noqa: ARG002 - tells no trade
        """Return the one heartbeat of the connection."""
        self._beats += 1
        return [self._frame("heartbeats", now_us, wire.beat(now_us, self._beats))]

    def _frame(self, channel: str, now_us: int, event: str) -> bytes:
        number, self._frames = self._frames, self._frames + 1
        return wire.advanced(channel, number, now_us, event)


def read_message(text: str | bytes) -> dict[str, Any]:
    """Return a client's message; raise `RefusedError` if it is no object of a known type."""
    try:
        message = json.loads(text)
    except ValueError:
        raise RefusedError("Malformed JSON") from None
    if not isinstance(message, dict) or message.get("type") not in {"subscribe", "unsubscribe"}:
        raise RefusedError("Failed to subscribe", "type is subscribe or unsubscribe")
    return message


def spoken(message: dict[str, Any]) -> Dialect:
    """Return the dialect of a message."""
    return AdvancedDialect() if "channel" in message else ExchangeDialect()


def product_ids(given: object) -> list[str]:
    """Return a list of products; raise `RefusedError` if it is none."""
    if not isinstance(given, list) or not given or not all(isinstance(one, str) for one in given):
        raise RefusedError("Failed to subscribe", "product_ids is a list of products")
    return list(dict.fromkeys(given))


def _texts_or_objects(given: object) -> list[Any]:
    if not isinstance(given, list) or not given or not all(isinstance(one, str | dict) for one in given):
        raise RefusedError("Failed to subscribe", "channels is a list of channels")
    return given
