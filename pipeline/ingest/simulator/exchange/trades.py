"""The trades of one simulated product: each a pure function of seed, product and number, so that none is stored."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from pipeline.ingest.simulator.exchange.pace import Pace
from pipeline.ingest.simulator.exchange.quotes import Move, Quotes

MASK = 2**64 - 1
FIRST_IDS = (1_000_000, 900_000_000)  # where a product's ids may begin
SIZE_DECIMALS = 8
LEAD_US = 50_000  # orders take effect this much later: nothing that was sent already changes


class Trade(NamedTuple):
    """A trade; `price` and `size` are decimals as text, `dice` is 64 random bits for whatever else it needs."""

    product: str
    n: int
    id: int
    price: str
    size: str
    side: str  # the maker's: buy or sell
    time_us: int
    sequence: int  # rises, not by ones: the exchange counts orders, too
    dice: int


@dataclass(frozen=True)
class Numbering:
    """From trade `start_n` on, ids count from `first_id`."""

    start_n: int
    first_id: int


@dataclass
class ProductState:
    """What was ordered of one product; tuples, for they are replaced as a whole while other threads read."""

    pace: Pace
    numberings: tuple[Numbering, ...]
    moves: tuple[Move, ...] = ()
    forgotten: tuple[tuple[int, int], ...] = ()  # ids that REST no longer has, both ends included
    decimals: int = 2


class Product:
    """The trades of a product, by number or by id."""

    def __init__(self, seed: int, name: str, state: ProductState) -> None:
        self.name = name
        self.state = state
        self._quotes = Quotes(seed, name)
        self._salt = salt(seed, name)
        self._unit = 10**state.decimals
        self._size_exponent = self._quotes.size_exponent(state.pace.opened_us)

    def made(self, time_us: int) -> int:
        """Return how many trades were generated up to a time, microseconds since 1970."""
        return self.state.pace.made(time_us)

    def trade(self, n: int) -> Trade:
        """Return trade n."""
        dice = mixed(n * 0x9E3779B97F4A7C15 + self._salt)
        time_us = self.state.pace.time_us(n)
        price = self._quotes.price(time_us) * (1 + (dice % 2001 - 1000) * 1e-7)  # within a hundredth of a percent
        for move in self.state.moves:
            price *= move.factor(time_us)
        whole, rest = divmod(max(round(price * self._unit), 1), self._unit)
        return Trade(
            self.name,
            n,
            self.id_of(n),
            f"{whole}.{rest:0{self.state.decimals}d}",
            _size(dice, self._size_exponent),
            "buy" if dice >> 63 else "sell",
            time_us,
            n * 37 + dice % 31 + 1_000_000_000,
            dice,
        )

    def id_of(self, n: int) -> int:
        """Return the id of trade n."""
        numbering = self._numbering(n)
        return numbering.first_id + n - numbering.start_n

    def ids(self, first_n: int, last_n: int) -> list[tuple[int, int]]:
        """Return the ids of a run of trades, as runs with both ends; more than one where the ids were reset."""
        starts = [one.start_n for one in self.state.numberings if first_n < one.start_n <= last_n]
        bounds = [first_n, *starts, last_n + 1]
        return [(self.id_of(a), self.id_of(b - 1)) for a, b in pairwise(bounds) if a < b]

    def answerable(self, time_us: int) -> tuple[int, int, int]:
        """Return what REST still has: number of the oldest trade, of the one after the newest, and the oldest's id.

        Where ids were reset, the trades with the old ones are gone.
        """
        made = self.made(time_us)
        numbering = self._numbering(made - 1)
        return numbering.start_n, made, numbering.first_id

    def is_forgotten(self, trade_id: int) -> bool:
        """Tell whether REST no longer has a trade."""
        return any(low <= trade_id <= high for low, high in self.state.forgotten)

    def _numbering(self, n: int) -> Numbering:
        for numbering in reversed(self.state.numberings):
            if numbering.start_n <= n:
                return numbering
        return self.state.numberings[0]


def new_state(seed: int, name: str, opened_us: int) -> ProductState:
    """Return a product that opens now, with its first trade."""
    low, high = FIRST_IDS
    first_id = low + salt(seed, name) % (high - low)
    decimals = Quotes(seed, name).decimals(opened_us)
    return ProductState(Pace(opened_us), (Numbering(0, first_id),), decimals=decimals)


def salt(seed: int, name: str) -> int:
    """Return 64 bits that tell one seed and product from another."""
    return int.from_bytes(hashlib.sha256(f"{seed}:trades:{name}".encode()).digest()[:8], "big")


def mixed(z: int) -> int:
    """Spread every bit of a number over 64 bits: the finaliser of splitmix64."""
    z &= MASK
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 & MASK
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB & MASK
    return z ^ (z >> 31)


def _size(dice: int, exponent: int) -> str:
    """Return a size from 0.00000001 to 42.9 times ten to the exponent, each order of magnitude equally likely."""
    units = (dice >> 16 & 0xFFFFFFFF) >> (dice >> 48 & 31)
    units = max(units * 10**exponent if exponent > 0 else units // 10**-exponent, 1)
    return f"{units // 10**SIZE_DECIMALS}.{units % 10**SIZE_DECIMALS:0{SIZE_DECIMALS}d}".rstrip("0").rstrip(".")
