"""Coinbase Exchange's minute candles, a page at a time, as `silver.bitcoin_data` keeps them.

https://docs.cdp.coinbase.com/api-reference/exchange-api/rest-api/products/get-product-candles: see coinbase.py. The
minute that is not over yet comes along, and a minute without a trade has no candle.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import islice

from pipeline.errors import BadDataError
from pipeline.events.candles import CandleEvent
from pipeline.events.raw import DeadLetter
from pipeline.ingest.http import HttpClient, Json, Params, Parts, RetryPolicy
from pipeline.ingest.ratelimit import TokenBucket
from pipeline.ingest.sources.base import TimeRange
from pipeline.ingest.sources.coinbase import CALLS_A_SECOND, NAME
from pipeline.ingest.sources.csv_layouts import MINUTE_S
from pipeline.ingest.sources.observations import (
    UnusableValueError,
    read_amount,
    read_price,
    read_time_ms,
    text_of,
)

PAGE = timedelta(minutes=300)
MINUTE = timedelta(minutes=1)


class CoinbaseMinutes:
    """Reads pages of minute candles of one exchange; a call that fails is not made again here: the next minute is."""

    def __init__(self, base_url: str, source: str, parts: Parts | None = None) -> None:
        """`source` is what the candles say."""
        self._parts = replace(parts or Parts(), retry=RetryPolicy(attempts=1))
        bucket = TokenBucket.for_limit(CALLS_A_SECOND, 1.0, self._parts.clock, self._parts.sleep)
        self._http = HttpClient(NAME, base_url, bucket, parts=self._parts)
        self.source = source

    def page(self, product: str, span: TimeRange) -> list[CandleEvent | DeadLetter]:
        """Return the candles of a span of whole minutes, at most PAGE long, oldest first.

        Raises:
            SourceError: the exchange does not answer, or not with candles.
        """
        last = span.end - MINUTE  # both ends of the asked range are included
        params: Params = {"granularity": MINUTE_S, "start": span.start.isoformat(), "end": last.isoformat()}
        answer = self._http.get(f"/products/{product}/candles", params, product).body
        if not isinstance(answer, list):
            raise BadDataError(NAME, "candles: the answer is no list")
        found = [self._item(product, candle) for candle in reversed(answer)]
        return [item for item in found if isinstance(item, DeadLetter) or span.start <= item.minute < span.end]

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _item(self, product: str, candle: Json) -> CandleEvent | DeadLetter:
        try:
            return read_candle(self.source, product, candle, self._parts.now())
        except UnusableValueError as error:
            return DeadLetter(f"{self.source}:minutes/{product}", str(error), text_of(candle))


def read_candle(source: str, product: str, candle: Json, now: datetime) -> CandleEvent:
    """Read `[time, low, high, open, close, volume]`.

    Raises:
        UnusableValueError: it is something else.
    """
    if not isinstance(candle, list) or len(candle) != 6:
        raise UnusableValueError("a candle is [time, low, high, open, close, volume]")
    seconds, *prices, size = candle
    minute = read_time_ms(seconds * 1000 if isinstance(seconds, int) else seconds, now)
    low, high, opened, close = map(read_price, prices)
    volume = read_amount("volume", size)
    return CandleEvent(source, product, minute, opened, high, low, close, volume or Decimal(0), is_filled=False)


def pages(span: TimeRange, count: int) -> Sequence[TimeRange]:
    """Return the first `count` pages of a span."""
    return list(islice(span.chunks(PAGE, span.end), count))
