"""What the tests of the market sources share: times, a client of CoinGecko, and items of a known kind."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from pipeline.events.coin_prices import PriceEvent
from pipeline.events.raw import DeadLetter
from pipeline.ingest.sources.base import Item
from pipeline.ingest.sources.coingecko import CoinGecko
from pipeline.settings import load_settings
from tests.support.market import Market


def day(text: str) -> datetime:
    """Return a time in UTC from ISO 8601 without a zone; a date alone is its midnight."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def coingecko(market: Market, base_url: str = "", **environ: str) -> CoinGecko:
    """Return CoinGecko's client with these settings, talking to the given market."""
    return CoinGecko(load_settings({"COINLAKE_HOME": "/nonexistent", **environ}), base_url, market.parts())


def prices(items: Iterable[Item]) -> list[PriceEvent]:
    """Return the items, which must all be prices."""
    events: list[PriceEvent] = []
    for item in items:
        assert isinstance(item, PriceEvent), item
        events.append(item)
    return events


def dead_letters(items: Iterable[Item]) -> list[DeadLetter]:
    """Return the items, which must all be dead letters."""
    letters: list[DeadLetter] = []
    for item in items:
        assert isinstance(item, DeadLetter), item
        letters.append(item)
    return letters
