"""CoinGecko's candles: from the JSON of /coins/{id}/ohlc to exact numbers.

https://docs.coingecko.com/reference/coins-id-ohlc: rows of [ms, open, high, low, close], where the time is that of the
close; 30 minutes wide for up to 2 days, 4 hours for up to 30, else 4 days.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal

from pipeline.errors import BadDataError
from pipeline.ingest.http import Json
from pipeline.ingest.sources.coingecko_answers import NAME, Reading
from pipeline.ingest.sources.observations import UnusableValueError, read_price, read_time_ms

OhlcDays = Literal[1, 7, 14, 30, 90, 180, 365, "max"]
"""How far back CoinGecko can be asked; `max` needs a paid key."""


@dataclass(frozen=True)
class OhlcCandle:
    """One candle, in USD; `closed_at` is the end of its time, UTC."""

    closed_at: datetime
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal


@dataclass(frozen=True)
class Ohlc:
    """One coin's candles, oldest first, and the `source` of them: coingecko or simulator."""

    coin: str
    source: str
    candles: tuple[OhlcCandle, ...]


def read_ohlc(reading: Reading, body: Json) -> Ohlc:
    """Return the candles of an answer.

    Raises:
        BadDataError: it is no list of [ms, open, high, low, close], or a value of it cannot be one.
    """
    if not isinstance(body, list):
        raise BadDataError(NAME, f"ohlc answered {str(body)[:60]}, not a list of candles")
    candles = {candle.closed_at: candle for candle in (_candle(reading, row) for row in body)}
    return Ohlc(reading.coin, reading.label, tuple(candles[moment] for moment in sorted(candles)))


def _candle(reading: Reading, row: Json) -> OhlcCandle:
    if not isinstance(row, list) or len(row) != 5:
        raise BadDataError(NAME, f"ohlc holds {str(row)[:60]}, not [milliseconds, open, high, low, close]")
    try:
        return OhlcCandle(read_time_ms(row[0], reading.now), *(read_price(value) for value in row[1:]))
    except UnusableValueError as error:
        raise BadDataError(NAME, f"ohlc holds {str(row)[:100]}: {error}") from None
