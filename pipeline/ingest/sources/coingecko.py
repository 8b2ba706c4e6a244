"""CoinGecko's REST API v3: current prices, daily history and candles, for all three kinds of key.

https://docs.coingecko.com/reference/coins-id-market-chart-range says what the history call answers: days for a range
above 90 days, hours below. The stamp of a day is its start. Answers carry float noise: a price with more than 18
decimals is rounded half-even to 18.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import quote

from pipeline.errors import BadDataError, RangeNotAllowedError
from pipeline.events.coin_prices import epoch_ms
from pipeline.ingest.http import Answer, HttpClient, Params, Parts, RetryPolicy
from pipeline.ingest.ratelimit import TokenBucket
from pipeline.ingest.sources.base import Item, TimeRange
from pipeline.ingest.sources.coingecko_answers import NAME, Reading, current_item, daily_items
from pipeline.ingest.sources.coingecko_ohlc import Ohlc, OhlcDays, read_ohlc
from pipeline.ingest.sources.observations import DAY, start_of_day
from pipeline.markets import SIMULATOR
from pipeline.settings import Settings

SIMULATOR_HEADER = "X-Coinlake-Simulator"

PUBLIC_REACH = timedelta(days=365)  # keyless and demo keys get nothing older (error 10012)
DAILY_RANGE = timedelta(days=91)  # a shorter one is answered in hours
CHUNK = timedelta(days=1000)  # one call, about 0.1 MB
IDS_A_CALL = 100  # keeps the address well below the 8 KB that servers take
PRICE_FIELDS = {
    "vs_currencies": "usd",
    "precision": "full",
    "include_market_cap": "true",
    "include_24hr_vol": "true",
    "include_last_updated_at": "true",
}
LIVE_RETRY = RetryPolicy(attempts=3, total_s=20.0)  # the next poll asks for newer prices anyway
OTHER_SERVER_CALLS = 600  # a minute, where the server is not CoinGecko: its own 429 decides


@dataclass(frozen=True)
class Tier:
    """What a kind of key means: where to call, the key's header, and how many calls a minute."""

    url: str
    header: str | None
    calls_a_minute: int


_PUBLIC = "https://api.coingecko.com/api/v3"
TIERS: Mapping[str, Tier] = {
    "keyless": Tier(_PUBLIC, None, 5),  # counted by IP address; 5 to 15, depending on the load
    "demo": Tier(_PUBLIC, "x-cg-demo-api-key", 30),
    "pro": Tier("https://pro-api.coingecko.com/api/v3", "x-cg-pro-api-key", 500),
}


def simulator_url(settings: Settings) -> str:
    """Return the base address of the simulator, to be used in place of CoinGecko's."""
    return f"{settings.markets.simulator_url}/api/v3"


class CoinGecko:
    """CoinGecko, or a server that speaks like it.

    One object should serve poller and history alike: they then share one rate limit.
    """

    name = NAME

    def __init__(self, settings: Settings, base_url: str = "", parts: Parts | None = None) -> None:
        """Call `base_url` if given, else the settings' `COINGECKO_URL`, else CoinGecko's own address for the tier."""
        tier = TIERS[settings.markets.coingecko_tier]
        url = base_url or settings.markets.coingecko_url
        self._parts = parts or Parts()
        self._reach = None if url or settings.markets.coingecko_tier == "pro" else PUBLIC_REACH
        calls = OTHER_SERVER_CALLS if url else tier.calls_a_minute
        bucket = TokenBucket.for_limit(calls, 60, self._parts.clock, self._parts.sleep)
        key = settings.markets.coingecko_api_key
        headers = {tier.header: key.reveal()} if tier.header and key else {}
        self._http = HttpClient(NAME, url or tier.url, bucket, headers, self._parts)

    def ping(self) -> str:
        """Ask whether the market answers; return the label that its rows will have, coingecko or simulator.

        Raises:
            SourceError: it does not answer, or refuses the key.
        """
        return _label(self._http.get("/ping", {}))

    def first_allowed_day(self) -> datetime | None:
        """Return the first midnight that this key may ask for; None where only the server decides."""
        return None if self._reach is None else start_of_day(self._parts.now() - self._reach) + DAY

    def prices(self, coins: tuple[str, ...]) -> list[Item]:
        """Return the newest observation of each coin; one that is not listed or has no price is a dead letter."""
        items: list[Item] = []
        for start in range(0, len(coins), IDS_A_CALL):
            items += self._prices(coins[start : start + IDS_A_CALL])
        return items

    def history(self, coin: str, span: TimeRange) -> Iterator[Item]:
        """Yield the coin's daily observations in the span, oldest first, each stamped with the start of its day.

        Raises:
            UnknownCoinError: CoinGecko does not list the coin.
            RangeNotAllowedError: the key does not reach back to the start of the span.
            SourceError: any other failure; its class says whether a retry can help.
        """
        first = self.first_allowed_day()
        if first is not None and span.start < first:
            raise RangeNotAllowedError(NAME, f"without a paid key, history starts at {first.date()}")
        for part in span.chunks(CHUNK, self._parts.now()):
            yield from self._chunk(coin, part)

    def ohlc(self, coin: str, days: OhlcDays) -> Ohlc:
        """Return the coin's candles of the last `days`, oldest first; the days decide how wide a candle is.

        Raises:
            UnknownCoinError: CoinGecko does not list the coin.
            RangeNotAllowedError: the key does not reach that far back.
            SourceError: any other failure; its class says whether a retry can help.
        """
        params: Params = {"vs_currency": "usd", "days": days}
        answer = self._http.get(f"/coins/{quote(coin, safe='')}/ohlc", params, coin)
        return read_ohlc(Reading(_label(answer), coin, self._parts.now()), answer.body)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _prices(self, coins: tuple[str, ...]) -> list[Item]:
        policy = min(self._parts.retry, LIVE_RETRY, key=lambda one: one.attempts)
        answer = self._http.get("/simple/price", {"ids": ",".join(coins), **PRICE_FIELDS}, policy=policy)
        if not isinstance(answer.body, dict):
            raise BadDataError(NAME, "/simple/price answered no object")
        label, now = _label(answer), self._parts.now()
        return [current_item(Reading(label, coin, now), answer.body.get(coin)) for coin in coins]

    def _chunk(self, coin: str, span: TimeRange) -> Iterator[Item]:
        now = self._parts.now()
        asked = daily_range(span, now)
        params: Params = {
            "vs_currency": "usd",
            "from": epoch_ms(asked.start) // 1000,
            "to": epoch_ms(asked.end) // 1000,
        }
        answer = self._http.get(f"/coins/{quote(coin, safe='')}/market_chart/range", params, coin)
        return daily_items(Reading(_label(answer), coin, now), answer.body, span)


def daily_range(span: TimeRange, now: datetime) -> TimeRange:
    """Return the range to ask for: the span, lengthened where it is too short to be answered in days.

    It grows forwards where there is room before `now`, else backwards: then it starts at most 91 days ago, which every
    key may ask for.
    """
    if span.start + DAILY_RANGE <= now:
        return TimeRange(span.start, min(max(span.end, span.start + DAILY_RANGE), now))
    return TimeRange(now - DAILY_RANGE, now)


def _label(answer: Answer) -> str:
    return SIMULATOR if SIMULATOR_HEADER in answer.headers else NAME
