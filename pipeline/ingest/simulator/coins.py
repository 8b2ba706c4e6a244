"""The simulated coins: when each began, and its rough price at points of its past, so that charts look familiar."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from pipeline.tickers import TICKERS

Anchors = tuple[tuple[str, float], ...]


@dataclass(frozen=True)
class SimulatedCoin:
    """A coin: `anchors` are (day, USD), oldest first; the first day is its beginning."""

    id: str
    anchors: Anchors
    supply: tuple[float, float]  # coins at the first and at the last anchor
    daily_volatility: float  # standard deviation of a day's log return

    @property
    def symbol(self) -> str:
        """The ticker symbol; that of a coin without a known one is the beginning of its id."""
        return TICKERS.get(self.id, self.id[:4])

    @property
    def name(self) -> str:
        """The name for people."""
        return self.id.replace("-", " ").title()

    @property
    def start_ms(self) -> int:
        """The first moment that has a price, in ms since 1970."""
        return day_ms(self.anchors[0][0])


def day_ms(day: str) -> int:
    """Return the start of a day, written YYYY-MM-DD, UTC, in ms since 1970."""
    return int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp()) * 1000


def choose(ids: Iterable[str]) -> Mapping[str, SimulatedCoin]:
    """Return the named coins; one that is not in the table gets a past generated from its name."""
    return {coin: KNOWN.get(coin) or invented(coin) for coin in ids}


def invented(coin: str) -> SimulatedCoin:
    """Return a coin with a made-up past, always the same for the same name."""
    dice = random.Random(hashlib.sha256(coin.encode()).digest())  # noqa: S311  # a price, not a secret
    first_year = dice.randint(2017, 2022)
    price = 10 ** dice.uniform(-2, 2)
    prices = [price := price * 10 ** dice.gauss(0.1, 0.4) for _ in range(first_year, LAST_YEAR + 1)]
    supply = 10 ** dice.uniform(7, 10)
    return SimulatedCoin(coin, _yearly(first_year, *prices), (supply / 2, supply), 0.05)


def _yearly(first_year: int, *prices: float) -> Anchors:
    return tuple((f"{first_year + index}-01-01", price) for index, price in enumerate(prices))


LAST_YEAR = 2026
# First of January of each year, and the tops between; rounded by hand.
_BITCOIN = (
    *_yearly(2013, 13.4),
    ("2013-12-04", 1130.0),
    *_yearly(2014, 760, 315, 430, 985),
    ("2017-12-17", 19500.0),
    *_yearly(2018, 13700, 3750, 7200, 29000),
    ("2021-11-10", 67500.0),
    *_yearly(2022, 46500, 16550, 42500, 94000),
    ("2025-10-06", 124500.0),
    *_yearly(2026, 88000),
)
_ETHEREUM = (
    ("2015-08-07", 2.8),
    *_yearly(2016, 0.95, 8.1),
    ("2018-01-13", 1400.0),
    *_yearly(2019, 135, 130, 735),
    ("2021-11-10", 4750.0),
    *_yearly(2022, 3700, 1195, 2280, 3330, 2970),
)
_SOLANA = (("2020-04-11", 0.95), *_yearly(2021, 1.5), ("2021-11-06", 255.0), *_yearly(2022, 170, 9.95, 101, 189, 125))
_RIPPLE = (
    ("2013-08-04", 0.0058),
    *_yearly(2014, 0.027, 0.024, 0.006, 0.0064),
    ("2018-01-04", 3.3),
    *_yearly(2019, 0.35, 0.19, 0.22, 0.83, 0.34, 0.615, 2.08, 1.85),
)
_DOGECOIN = (
    ("2013-12-15", 0.00022),
    *_yearly(2015, 0.00019, 0.00015, 0.00022, 0.009, 0.0023, 0.002, 0.0047),
    ("2021-05-08", 0.69),
    *_yearly(2022, 0.17, 0.07, 0.09, 0.316, 0.118),
)
_LITECOIN = (("2013-04-28", 4.35), *_yearly(2014, 24, 2.7, 3.5, 4.4, 230, 30, 41, 125, 147, 70, 73, 103, 77))
_CARDANO = (
    ("2017-10-18", 0.027),
    *_yearly(2018, 0.72, 0.041, 0.033, 0.175),
    ("2021-09-02", 2.95),
    *_yearly(2022, 1.31, 0.246, 0.6, 0.845, 0.33),
)
_BINANCECOIN = (("2017-09-16", 0.107), *_yearly(2018, 8.4, 6.1, 13.7, 37.4, 512, 246, 312, 701, 863))

KNOWN: Mapping[str, SimulatedCoin] = {
    coin.id: coin
    for coin in (
        SimulatedCoin("bitcoin", _BITCOIN, (10.6e6, 20.0e6), 0.03),
        SimulatedCoin("ethereum", _ETHEREUM, (72.0e6, 120.7e6), 0.04),
        SimulatedCoin("solana", _SOLANA, (8.2e6, 565.0e6), 0.05),
        SimulatedCoin("ripple", _RIPPLE, (7.8e9, 60.6e9), 0.045),
        SimulatedCoin("dogecoin", _DOGECOIN, (5.0e9, 152.0e9), 0.05),
        SimulatedCoin("litecoin", _LITECOIN, (17.0e6, 76.7e6), 0.04),
        SimulatedCoin("cardano", _CARDANO, (25.9e9, 36.6e9), 0.045),
        SimulatedCoin("binancecoin", _BINANCECOIN, (100.0e6, 137.7e6), 0.04),
    )
}
