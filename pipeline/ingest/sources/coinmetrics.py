"""Coin Metrics' community API v4: daily prices without a key, back to each coin's beginning.

`PriceUSD` of day D is the price at the END of D (docs.coinmetrics.io). An observation is stamped with the moment it
held, so the close of D stands at D+1, 00:00 UTC. Checked on Bitcoin against Binance's minutes, 2017-2019: median
difference to the close of D 0.3-0.6 %, to its open 1.6-2.9 %. CoinGecko's days agree with it from February 2018 on;
before, CoinGecko stamps a close with the start of its day, a day earlier than here. There is no volume in this data.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlsplit

from pipeline.errors import BadDataError, FinalSourceError, UnknownCoinError
from pipeline.events.coin_prices import PriceEvent
from pipeline.ingest.http import HttpClient, Json, Params, Parts
from pipeline.ingest.ratelimit import TokenBucket
from pipeline.ingest.sources.base import Item, TimeRange
from pipeline.ingest.sources.observations import (
    DAY,
    UnusableValueError,
    check_time,
    observe,
    read_amount,
    read_price,
)
from pipeline.settings import Settings
from pipeline.tickers import TICKERS

NAME = "coinmetrics"
PATH = "/timeseries/asset-metrics"
CALLS, WINDOW_S = 10, 6.0  # the community limit, by IP address
PAGE_SIZE = 10_000  # the most a page may hold: 27 years of days
MAX_PAGES = 1_000  # an answer that never ends is a fault of the server
_MIDNIGHT = re.compile(r"\d{4}-\d\d-\d\dT00:00:00(\.0+)?Z", re.ASCII)


class CoinMetrics:
    """Coin Metrics, community tier."""

    name = NAME

    def __init__(self, settings: Settings, parts: Parts | None = None) -> None:
        """Call the settings' `COINMETRICS_URL`."""
        self._parts = parts or Parts()
        bucket = TokenBucket.for_limit(CALLS, WINDOW_S, self._parts.clock, self._parts.sleep)
        self._http = HttpClient(NAME, settings.markets.coinmetrics_url, bucket, parts=self._parts)

    def history(self, coin: str, span: TimeRange) -> Iterator[Item]:
        """Yield the coin's daily observations in the span, oldest first, each at 00:00 UTC.

        Raises:
            UnknownCoinError: Coin Metrics does not cover the coin.
            SourceError: any other failure; its class says whether a retry can help.
        """
        if coin not in TICKERS:
            raise UnknownCoinError(NAME, coin)
        for row in self._rows(coin, span):
            item = _item(coin, row, self._parts.now())
            if item is not None and (not isinstance(item, PriceEvent) or span.start <= item.event_time < span.end):
                yield item

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _rows(self, coin: str, span: TimeRange) -> Iterator[Json]:
        first: Params = {
            "assets": TICKERS[coin],
            "metrics": "PriceUSD,CapMrktCurUSD",
            "frequency": "1d",
            "start_time": f"{span.start - DAY:%Y-%m-%d}",
            "end_time": f"{span.end - DAY:%Y-%m-%d}",
            "paging_from": "start",
            "page_size": PAGE_SIZE,
        }
        params: Params | None = first
        for _ in range(MAX_PAGES):
            if params is None:
                return
            page = self._page(coin, params)
            yield from page["data"]
            params = _next_params(page, params, self._http.base_url)
        raise BadDataError(NAME, f"{PATH} answered more than {MAX_PAGES} pages")

    def _page(self, coin: str, params: Params) -> Mapping[str, Json]:
        try:
            body = self._http.get(PATH, params, coin).body
        except FinalSourceError as error:
            if "parameter 'assets'" in str(error):  # how this API says that it does not cover an asset
                raise UnknownCoinError(NAME, coin) from error
            raise
        if not isinstance(body, dict) or not isinstance(body.get("data"), list):
            raise BadDataError(NAME, f"{PATH} answered no list called 'data'")
        return body


def _item(coin: str, row: Json, now: datetime) -> Item | None:
    """Return what a row says; None for a day that Coin Metrics has no price for, such as one before the listing."""
    fields = row if isinstance(row, dict) else {}
    if fields and fields.get("PriceUSD") is None:
        return None

    def build() -> PriceEvent:
        moment = check_time(_close_of(fields.get("time")), now)
        cap = read_amount("market cap", fields.get("CapMrktCurUSD"))
        return PriceEvent(coin, moment, read_price(fields.get("PriceUSD")), cap, None, NAME)

    return observe(f"{NAME}:asset-metrics/{coin}", row, build)


def _close_of(text: Json) -> datetime:
    """Return the midnight that ends the day in `text`, written 2020-01-31T00:00:00.000000000Z."""
    if not isinstance(text, str) or not _MIDNIGHT.fullmatch(text):
        raise UnusableValueError(f"time {str(text)[:40]!r} is not the start of a day")
    try:
        return datetime.fromisoformat(text[:10]).replace(tzinfo=UTC) + DAY
    except (ValueError, OverflowError):
        raise UnusableValueError(f"time {text!r} is not in the calendar") from None


def _next_params(page: Mapping[str, Json], params: Params, base_url: str) -> Params | None:
    """Return the parameters of the next page, None after the last one."""
    token, url = page.get("next_page_token"), page.get("next_page_url")
    if token:
        following: Params = {**params, "next_page_token": str(token)}
    elif url:
        following = _params_of(str(url), base_url)
    else:
        return None
    if following == params:
        raise BadDataError(NAME, f"{PATH} names the same page as the next one")
    return following


def _params_of(url: str, base_url: str) -> Params:
    """Return the parameters in the address of a next page; an address elsewhere is not followed."""
    expected, found = urlsplit(base_url + PATH), urlsplit(url)
    if (found.scheme, found.netloc, found.path) != (expected.scheme, expected.netloc, expected.path):
        raise BadDataError(NAME, f"the next page is at {url[:100]}, not at {base_url}{PATH}")
    return dict(parse_qsl(found.query))
