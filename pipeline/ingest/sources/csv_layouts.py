"""The CSV layouts that can be read, recognised by their header: CoinGecko's export and Kaggle's minute candles."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import itemgetter

from pipeline.events.coin_prices import PriceEvent
from pipeline.ingest.sources.observations import UnusableValueError, check_time, read_amount, read_price

COINGECKO = "csv_coingecko"
KAGGLE = "csv_kaggle"
KAGGLE_FILLED = "csv_kaggle_filled"
MINUTE_S = 60
LATEST_SECONDS = 10**11  # the year 5138

_SNAPPED_AT = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\.\d{1,6})?) UTC", re.ASCII)
_UNIX_SECONDS = re.compile(r"(\d{1,18})(?:\.0*)?", re.ASCII)

Values = tuple[str, ...]


@dataclass(frozen=True)
class Layout:
    """One way to write prices down: its columns, and what a row's values, in that order, mean."""

    name: str
    columns: tuple[str, ...]
    read: Callable[[str, Values, datetime], PriceEvent]

    def picker(self, header: Sequence[str]) -> Callable[[Sequence[str]], Values] | None:
        """Return what picks this layout's values out of a row below the header; None if the header lacks a column.

        Case, order and further columns do not matter; a name that stands there twice does.
        """
        names = [name.strip().lower() for name in header]
        if any(names.count(column) != 1 for column in self.columns):
            return None
        return itemgetter(*(names.index(column) for column in self.columns))


def _coingecko_row(coin: str, values: Values, now: datetime) -> PriceEvent:
    """Read snapped_at, price, market_cap, total_volume: USD, and the volume of the 24 hours before."""
    snapped_at, price, market_cap, total_volume = values
    match = _SNAPPED_AT.fullmatch(snapped_at)
    if match is None:
        raise UnusableValueError(f"time {snapped_at[:40]!r} is not written like '2013-04-28 00:00:00 UTC'")
    try:
        moment = datetime.fromisoformat(match[1]).replace(tzinfo=UTC)
    except ValueError:
        raise UnusableValueError(f"time {snapped_at!r} is not in the calendar") from None
    cap, volume = read_amount("market cap", market_cap), read_amount("volume", total_volume)
    return PriceEvent(coin, check_time(moment, now), read_price(price), cap, volume, COINGECKO)


def _kaggle_row(coin: str, values: Values, now: datetime) -> PriceEvent:
    """Read one minute's candle: its close, stamped with the end of the minute, which is when that price held.

    Timestamp is the minute's start. Volume is in coins, so there is none in USD; where it is 0 nobody traded and the
    candle repeats the one before: such rows are kept apart by their source.
    """
    timestamp, *prices, volume = values
    moment = check_time(datetime.fromtimestamp(read_seconds(timestamp) + MINUTE_S, UTC), now)
    close = [read_price(price) for price in prices][-1]
    traded = read_amount("volume", volume)
    if traded is None:
        raise UnusableValueError("volume is missing")
    return PriceEvent(coin, moment, close, None, None, KAGGLE if traded else KAGGLE_FILLED)


def read_seconds(text: str) -> int:
    """Return a minute's start in whole seconds since 1970, which may be written as a float.

    Raises:
        UnusableValueError: it is something else.
    """
    match = _UNIX_SECONDS.fullmatch(text)
    if match is None:
        raise UnusableValueError(f"time {text[:40]!r} is not in whole seconds since 1970")
    seconds = int(match[1])
    if seconds > LATEST_SECONDS:
        raise UnusableValueError(f"time {seconds} s is in the far future; are these milliseconds?")
    return seconds


KAGGLE_LAYOUT = Layout(KAGGLE, ("timestamp", "open", "high", "low", "close", "volume"), _kaggle_row)
LAYOUTS = (
    Layout(COINGECKO, ("snapped_at", "price", "market_cap", "total_volume"), _coingecko_row),
    KAGGLE_LAYOUT,
)
