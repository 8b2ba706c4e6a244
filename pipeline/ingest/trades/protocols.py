"""How to ask each of the exchange's feeds for the trades of some products."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import orjson

from pipeline.settings import Settings
from pipeline.settings.exchange import TradeMarket

PRODUCTS_PER_CONNECTION = 50
WISHES: Mapping[str, tuple[Mapping[str, object], ...]] = {
    "exchange": ({"channels": ["matches", "heartbeat"]},),
    "advanced": ({"channel": "market_trades"}, {"channel": "heartbeats"}),  # takes one channel a message
}


@dataclass(frozen=True)
class Subscription:
    """One connection: where to, for which products, and what to say first."""

    url: str
    products: tuple[str, ...]
    messages: tuple[str, ...]


def subscriptions(settings: Settings, market: TradeMarket) -> list[Subscription]:
    """Return the connections that bring the trades of all products."""
    return [
        Subscription(market.ws_url, products, _messages(settings.markets.exchange.feed, products))
        for products in _groups(settings.markets.products, PRODUCTS_PER_CONNECTION)
    ]


def _messages(feed: str, products: Sequence[str]) -> tuple[str, ...]:
    return tuple(orjson.dumps({"type": "subscribe", "product_ids": products, **wish}).decode() for wish in WISHES[feed])


def _groups(products: tuple[str, ...], size: int) -> Iterator[tuple[str, ...]]:
    for start in range(0, len(products), size):
        yield products[start : start + size]
