"""The price of a simulated coin at any moment: a pure function of seed, coin and time.

The logarithm of the price is a straight line between the coin's anchors plus noise. The noise is a sum of waves whose
knots, 2 s to 24 d apart, have heights hashed from seed, coin and the knot's number: no state, no order of calls, and
the same answer for one moment as for a million. Knots further apart are higher by the square root of their distance,
as in a random walk, so that a minute moves little, a day as much as the coin's volatility says, and the anchors hold.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from pipeline.ingest.simulator.coins import SimulatedCoin, day_ms

Times = NDArray[np.int64]  # ms since 1970
Values = NDArray[np.float64]

DAY_MS = 86_400_000
PERIODS_MS = tuple(2_000 * 4**octave for octave in range(11))  # 2 s to 24 d
TURNOVER = 0.03  # of the market cap, in 24 hours
TURNOVER_PERIODS_MS = (DAY_MS // 4, DAY_MS * 3)
SIGNIFICANT_DIGITS = 10
_POWERS_OF_TEN = np.array([10.0**power for power in range(23)])  # the exact ones


class PriceModel:
    """Prices, market caps and volumes of the coins, in USD; every method is a pure function of its arguments."""

    def __init__(self, seed: int, coins: Mapping[str, SimulatedCoin]) -> None:
        self.seed = seed
        self.coins = coins

    def prices(self, coin: str, times: Times) -> Values:
        """Return the price at each time, to ten significant digits; before the coin began it is its first price."""
        return _rounded(self._exact(coin, times))

    def market_caps(self, coin: str, times: Times) -> Values:
        """Return price times circulating supply at each time."""
        simulated = self.coins[coin]
        ends = [simulated.start_ms, day_ms(simulated.anchors[-1][0])]
        return _rounded(self._exact(coin, times) * np.interp(times, ends, simulated.supply))

    def volumes(self, coin: str, times: Times) -> Values:
        """Return what was traded in the 24 hours before each time."""
        mood = sum(
            (self._wave(f"{coin}:volume", period, times) for period in TURNOVER_PERIODS_MS), np.zeros(len(times))
        )
        return _rounded(self.market_caps(coin, times) * TURNOVER * np.exp(mood / 2))

    def _exact(self, coin: str, times: Times) -> Values:
        simulated = self.coins[coin]
        days = [day_ms(day) for day, _ in simulated.anchors]
        trend = np.interp(times, days, np.log([price for _, price in simulated.anchors]))
        noise = np.zeros(len(times))
        for period in PERIODS_MS:
            noise += simulated.daily_volatility * np.sqrt(period / DAY_MS) * self._wave(coin, period, times)
        return np.exp(trend + noise)

    def _wave(self, name: str, period_ms: int, times: Times) -> Values:
        """Return a line through knots `period_ms` apart, each between -1 and 1."""
        digest = hashlib.sha256(f"{self.seed}:{name}:{period_ms}".encode()).digest()
        salt = np.uint64(int.from_bytes(digest[:8], "big"))
        knot, rest = np.divmod(times, period_ms)
        share = rest / period_ms
        return _height(knot, salt) * (1 - share) + _height(knot + 1, salt) * share


def _height(knot: Times, salt: np.uint64) -> Values:
    """Hash knot numbers to numbers between -1 and 1: the finaliser of splitmix64, which spreads every bit."""
    z = knot.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + salt
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    z ^= z >> np.uint64(31)
    return (z >> np.uint64(11)).astype(np.float64) / 2**52 - 1


def _rounded(values: Values) -> Values:
    """Round to significant digits: enough to change every second, few enough to be the same on every processor."""
    magnitude = np.floor(np.log10(values)).astype(np.int64)
    factor = _POWERS_OF_TEN[np.clip(SIGNIFICANT_DIGITS - 1 - magnitude, 0, 22)]
    rounded: Values = np.round(values * factor) / factor
    return rounded
