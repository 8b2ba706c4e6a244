"""What a simulated product costs at any moment: its coin's price, and the crashes and surges on order."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from pipeline.ingest.simulator.coins import KNOWN, choose
from pipeline.ingest.simulator.prices import PriceModel, Times, Values

KNOT_US = 2_000_000  # the shortest wave of the price model: between two knots its price is as good as a straight line
MOST_DECIMALS = 12
_COINS = {coin.symbol: coin.id for coin in KNOWN.values()}
_CURRENCIES = {"usd", "usdt", "usdc", "eur", "gbp"}  # as good as a dollar, in a made-up market


@dataclass(frozen=True)
class Move:
    """A change of the price by `percent`, from `start_us` on within `seconds`; it stays."""

    start_us: int
    percent: float
    seconds: float

    def factor(self, time_us: int) -> float:
        """Return what the price is multiplied with at a time, microseconds since 1970."""
        share = (time_us - self.start_us) / (self.seconds * 1e6)
        return 1 + self.percent / 100 * min(max(share, 0.0), 1.0)


class Quotes:
    """The price of one product; knots of the price model are kept, for they serve thousands of trades."""

    def __init__(self, seed: int, product: str) -> None:
        base, _, quote = product.lower().partition("-")
        self._coins = [_COINS.get(symbol, symbol) for symbol in (base, quote) if symbol not in _CURRENCIES]
        self._base_is_coin = base not in _CURRENCIES
        self._in_coin = quote not in _CURRENCIES
        self._model = PriceModel(seed, choose(self._coins))
        self._knots = (-1, 0.0, 0.0)  # number, price there, price at the next one

    def decimals(self, time_us: int) -> int:
        """Return how many decimals such a price is quoted with: about five digits, at least cents."""
        return min(max(4 - math.floor(math.log10(self.price(time_us))), 2), MOST_DECIMALS)

    def size_exponent(self, time_us: int) -> int:
        """Return the power of ten by which sizes are scaled: a trade of any asset is worth about as many dollars."""
        base = self._coins[0] if self._base_is_coin else None
        usd = 1.0 if base is None else float(self._model.prices(base, np.array([time_us // 1000], dtype=np.int64))[0])
        return 2 - math.floor(math.log10(usd))

    def price(self, time_us: int) -> float:
        """Return the price at a time, microseconds since 1970, in the quote currency."""
        knot, rest = divmod(time_us, KNOT_US)
        number, here, there = self._knots
        if number != knot:
            here, there = self._at(knot)
            self._knots = (knot, here, there)
        return here + (there - here) * (rest / KNOT_US)

    def prices(self, knots: Times) -> Values:
        """Return the price at each knot: number n is at n times KNOT_US since 1970."""
        prices = np.ones(len(knots))
        for index, coin in enumerate(self._coins):
            coin_prices = self._model.prices(coin, knots * (KNOT_US // 1000))
            prices = prices / coin_prices if self._in_coin and index == len(self._coins) - 1 else prices * coin_prices
        return prices

    def volumes(self, minutes: Times) -> Values:
        """Return what is traded in each minute since 1970, in the base currency; nothing where that is money."""
        if not self._base_is_coin:
            return np.zeros(len(minutes))
        times = minutes * 60_000
        daily: Values = self._model.volumes(self._coins[0], times) / self._model.prices(self._coins[0], times)
        return daily / (24 * 60)

    def _at(self, knot: int) -> tuple[float, float]:
        here, there = self.prices(np.array([knot, knot + 1], dtype=np.int64))
        return float(here), float(there)
