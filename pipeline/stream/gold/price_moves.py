"""Sudden moves of a product's price, found from the lowest and highest price of each second; no Spark here.

A price is compared with the extremes before it within each rule's window, by the trades' own times.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from operator import ge, le
from typing import NamedTuple

from pipeline.settings.alerts import AlertRule
from pipeline.stream.silver.trades.extremes import Extremes

CRASH, SURGE = "FLASH_CRASH", "PRICE_SURGE"


class Priced(NamedTuple):
    """A price and when it was paid (naive, UTC)."""

    price: Decimal
    time: datetime


@dataclass(frozen=True)
class Move:
    """From a reference, the window's extreme, to a price that crossed the rule's threshold."""

    kind: str
    rule: AlertRule
    reference: Priced
    found: Priced

    @property
    def percent(self) -> Decimal:
        """The move in per cent of the reference; negative is a fall."""
        return percent_between(self.reference, self.found)


def percent_between(reference: Priced, found: Priced) -> Decimal:
    """Return the move from one price to the other in per cent of the first."""
    return (found.price - reference.price) / reference.price * 100


def find_moves(seconds: Sequence[Extremes], rules: Sequence[AlertRule], first: datetime) -> Iterator[Move]:
    """Yield each crossing of a product in its seconds from `first` on: by second, then in the rules' order.

    `seconds` are in order and reach back before `first` by the longest window. One pass: each price enters a rule's
    window once and leaves it once.
    """
    windows = [(rule, _Window(rule, le), _Window(rule, ge)) for rule in rules]
    for each in seconds:
        low, high = Priced(each.low, each.low_time), Priced(each.high, each.high_time)
        for rule, highs, lows in windows:
            # Of the same second, only what was paid earlier is a reference.
            falls, rises = high.time < low.time, low.time < high.time
            if falls:
                highs.add(high)
            if rises:
                lows.add(low)
            if each.second >= first:
                yield from _crossing(CRASH, rule, highs.extreme_before(low), low)
                yield from _crossing(SURGE, rule, lows.extreme_before(high), high)
            if not falls:
                highs.add(high)
            if not rises:
                lows.add(low)


def _crossing(kind: str, rule: AlertRule, reference: Priced | None, found: Priced) -> Iterator[Move]:
    if reference is None:
        return
    percent = percent_between(reference, found)
    if (-percent if kind == CRASH else percent) >= rule.percent:
        yield Move(kind, rule, reference, found)


class _Window:
    """The most extreme price of a sliding window; `outdone` says whether a later price makes an earlier one useless.

    Kept are only prices that may still become the extreme: each is less extreme than the one before it.
    """

    def __init__(self, rule: AlertRule, outdone: Callable[[Decimal, Decimal], bool]) -> None:
        self._length = timedelta(seconds=rule.window_s)
        self._outdone = outdone
        self._prices: deque[Priced] = deque()

    def add(self, price: Priced) -> None:
        """Add a price, later than all before."""
        while self._prices and self._outdone(self._prices[-1].price, price.price):
            self._prices.pop()
        self._prices.append(price)

    def extreme_before(self, price: Priced) -> Priced | None:
        """Return the extreme of the window that ends at a price's time; the times of calls never go back."""
        start = price.time - self._length
        while self._prices and self._prices[0].time < start:
            self._prices.popleft()
        return self._prices[0] if self._prices else None
