"""Coinbase Exchange's public candles: daily prices of what trades against the dollar there.

https://docs.cdp.coinbase.com/api-reference/exchange-api/rest-api/products/get-product-candles: at most 300 candles a
call, newest first, each `[time, low, high, open, close, volume]` with time in seconds; days without a trade are left
out, and candles before the asked range may come along. The open of a day is the price at its start, which is the
observation here; volume is in coins, so there is none in USD.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from functools import partial

from pipeline.errors import BadDataError, UnknownCoinError
from pipeline.events.coin_prices import PriceEvent
from pipeline.ingest.http import HttpClient, Json, Params, Parts
from pipeline.ingest.ratelimit import TokenBucket
from pipeline.ingest.sources.base import Item, TimeRange
from pipeline.ingest.sources.observations import DAY, UnusableValueError, observe, read_price, read_time_ms
from pipeline.settings import Settings
from pipeline.tickers import TICKERS

NAME = "coinbase_candles"
CALLS_A_SECOND = 3  # of the public limit of 10 by IP address; the filling of gaps in trades has the rest
CHUNK = timedelta(days=300)  # one call


class CoinbaseCandles:
    """Daily candles of Coinbase Exchange."""

    name = NAME

    def __init__(self, settings: Settings, parts: Parts | None = None) -> None:
        """Call `COINBASE_REST_URL`, or the exchange's own address."""
        self._parts = parts or Parts()
        bucket = TokenBucket.for_limit(CALLS_A_SECOND, 1.0, self._parts.clock, self._parts.sleep)
        self._http = HttpClient(NAME, settings.markets.exchange.candles_url, bucket, parts=self._parts)

    def history(self, coin: str, span: TimeRange) -> Iterator[Item]:
        """Yield the coin's daily observations in the span, oldest first, each stamped with the start of its day.

        Raises:
            UnknownCoinError: the coin does not trade against the dollar there.
            SourceError: any other failure; its class says whether a retry can help.
        """
        if coin not in TICKERS:
            raise UnknownCoinError(NAME, coin)
        for part in span.chunks(CHUNK, self._parts.now()):
            yield from self._chunk(coin, part)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _chunk(self, coin: str, span: TimeRange) -> Iterator[Item]:
        last = span.end - DAY  # both ends of the asked range are included
        params: Params = {"granularity": 86_400, "start": span.start.isoformat(), "end": last.isoformat()}
        candles = self._http.get(f"/products/{TICKERS[coin].upper()}-USD/candles", params, coin).body
        if not isinstance(candles, list):
            raise BadDataError(NAME, "candles: the answer is no list")
        for candle in reversed(candles):
            item = observe(f"{NAME}:candles/{coin}", candle, partial(self._event, coin, candle))
            if not isinstance(item, PriceEvent) or span.start <= item.event_time < span.end:
                yield item

    def _event(self, coin: str, candle: Json) -> PriceEvent:
        if not isinstance(candle, list) or len(candle) != 6:
            raise UnusableValueError("a candle is [time, low, high, open, close, volume]")
        seconds = candle[0]
        moment = read_time_ms(seconds * 1000 if isinstance(seconds, int) else seconds, self._parts.now())
        return PriceEvent(coin, moment, read_price(candle[3]), None, None, NAME)
