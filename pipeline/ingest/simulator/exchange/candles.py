"""A product's minute candles, from its own trades: the numbers that anybody gets who sums the trades up."""

from __future__ import annotations

from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from pipeline.ingest.simulator.exchange.trades import Product

MINUTE_S = 60
KEPT = 5_000  # candles of minutes that are over


class Candle(NamedTuple):
    """A minute with trades; prices are decimals as text."""

    time_s: int
    low: str
    high: str
    open: str
    close: str
    volume: str

    def to_json(self) -> str:
        """Return it as Coinbase has it: a list of numbers, every digit written out."""
        return f"[{', '.join(map(str, self))}]"


class Candles:
    """The candles of one product; those of minutes that are over are kept, for a busy one has thousands of trades."""

    def __init__(self, product: Product) -> None:
        self._product = product
        self._closed = lru_cache(KEPT)(self._sum_up)

    def between(self, first_s: int, last_s: int, now_us: int) -> list[Candle]:
        """Return the candles that start from `first_s` to `last_s`, newest first; minutes without trades have none.

        Times are whole minutes in seconds since 1970. The newest minute may not be over yet.
        """
        found = []
        for time_s in range(last_s, first_s - 1, -MINUTE_S):
            is_over = (time_s + MINUTE_S) * 1_000_000 <= now_us
            span = (time_s, self._product.made(min((time_s + MINUTE_S) * 1_000_000 - 1, now_us)))
            candle = self._closed(*span) if is_over else self._sum_up(*span)
            if candle is not None:
                found.append(candle)
        return found

    def _sum_up(self, time_s: int, end_n: int) -> Candle | None:
        """Sum up the trades from a minute's start to the one before `end_n`."""
        start_us = time_s * 1_000_000
        first_n = max(self._product.made(start_us - 1) - 1, 0)  # the opening trade counts as made before its time, too
        found = (self._product.trade(n) for n in range(first_n, end_n))
        trades = [trade for trade in found if start_us <= trade.time_us < start_us + MINUTE_S * 1_000_000]
        if not trades:
            return None
        in_order = sorted(trades, key=lambda trade: trade.id)  # ids may have been reset
        by_price = sorted(trades, key=lambda trade: Decimal(trade.price))
        volume = sum((Decimal(trade.size) for trade in trades), Decimal(0))
        prices = (by_price[0].price, by_price[-1].price, in_order[0].price, in_order[-1].price)
        return Candle(time_s, *prices, f"{volume:f}")
