"""What every market source offers: one small interface, so that the history chain and the poller need no other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from pipeline.events.coin_prices import PriceEvent
from pipeline.events.raw import DeadLetter

Item = PriceEvent | DeadLetter
"""What a source yields: an observation, or what stood where one should have been."""


@dataclass(frozen=True)
class TimeRange:
    """A stretch of time, `start` included, `end` excluded; both aware, UTC."""

    start: datetime
    end: datetime

    def chunks(self, length: timedelta, until: datetime) -> Iterator[TimeRange]:
        """Yield the range in pieces of at most this length, oldest first; none begins at or after `until`."""
        start = self.start
        while start < min(self.end, until):
            end = min(start + length, self.end)
            yield TimeRange(start, end)
            start = end


class HistorySource(Protocol):
    """A source of one coin's past prices."""

    name: str

    def history(self, coin: str, span: TimeRange) -> Iterator[Item]:
        """Yield the coin's daily observations in the span, oldest first, as far as this source has them.

        Raises:
            UnknownCoinError: the source does not list the coin.
            RangeNotAllowedError: the span starts before what the key in use may ask for.
            SourceError: any other failure; its class says whether a retry can help.
        """
        ...


class LiveSource(Protocol):
    """A source of the current prices of several coins."""

    name: str

    def prices(self, coins: tuple[str, ...]) -> list[Item]:
        """Return the newest observation of each coin the source lists; a missing coin is a dead letter."""
        ...
