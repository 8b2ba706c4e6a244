"""The exchange's own minute candles, collected once a minute: what is closed and was not sent yet."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from typing import Protocol

from pipeline.errors import CoinlakeError
from pipeline.events.candles import CandleEvent
from pipeline.events.raw import DeadLetter
from pipeline.ingest.scheduler.producer import Sendable
from pipeline.ingest.scheduler.spooled_publisher import SpooledError
from pipeline.ingest.sources.base import TimeRange
from pipeline.ingest.sources.coinbase import NAME as COINBASE_CANDLES
from pipeline.ingest.sources.coinbase_minutes import MINUTE, CoinbaseMinutes, pages
from pipeline.ingest.store import Store
from pipeline.markets import SIMULATOR
from pipeline.run_files import Choice
from pipeline.settings import Settings

log = logging.getLogger(__name__)

BITCOIN = "BTC-USD"
FIRST_SPAN = timedelta(days=1)  # what is fetched at the very first time
LONGEST_SPAN = timedelta(days=30)  # after a longer outage the rest is left out: a file brings it
LOOK_BACK = 5 * MINUTE  # asked again each time: a candle may be published, or corrected, a moment after its minute
PAGES_A_TICK = 10  # of each product, so that catching up keeps to the exchange's limit


class Publisher(Protocol):
    """Whatever takes candles and returns once they are in Kafka, or raises `SpooledError` once they are on disk."""

    def publish(self, items: Iterable[Sendable]) -> object:
        """Send the items."""
        ...


class SentCandles:
    """Up to which minute each product's candles were sent, kept over a restart."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def get(self, source: str, product: str) -> datetime | None:
        """Return the end of what was sent; None before the first time."""
        sql = "SELECT minute FROM candles WHERE source = ? AND product = ?"
        rows = self._store.query(sql, (source, product))
        return datetime.fromtimestamp(rows[0]["minute"], UTC) if rows else None

    def put(self, source: str, product: str, until: datetime) -> None:
        """Note that everything before `until` was sent."""
        with self._store.transaction() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO candles (source, product, minute) VALUES (?, ?, ?)",
                (source, product, int(until.timestamp())),
            )


class CandleCollector:
    """Fetches and sends; `tick` is called once a minute, by one thread at a time."""

    def __init__(
        self,
        market: CoinbaseMinutes,
        products: tuple[str, ...],
        publisher: Publisher,
        sent: SentCandles,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._market, self._products, self._publisher, self._sent, self._now = market, products, publisher, sent, now
        # By product, what was sent within LOOK_BACK: it is not sent again unless it has changed.
        self._recent: dict[str, dict[datetime, CandleEvent]] = {}

    def tick(self) -> None:
        """Collect each product's candles for the clock: nothing that goes wrong in it ends the clock."""
        for product in self._products:
            try:
                count = self.collect(product)
            except CoinlakeError as error:
                log.warning("candles of %s not collected, asked again in a minute: %s", product, error)
            except Exception:  # the tick's boundary: a fault of ours must not end the scheduler
                log.exception("candles of %s not collected", product)
            else:
                log.info("collected %d candles of %s", count, product)

    def collect(self, product: str) -> int:
        """Send the closed candles that were not sent yet, and return how many.

        Raises:
            SourceError: the exchange failed; what was fetched before has been sent.
            ServiceError: Kafka is away and the spool is full; they are fetched again.
        """
        closed = self._now().replace(second=0, microsecond=0)
        until = self._sent.get(self._market.source, product)
        start = closed - FIRST_SPAN if until is None else max(until - LOOK_BACK, closed - LONGEST_SPAN)
        count = 0
        for page in pages(TimeRange(start, closed), PAGES_A_TICK):
            count += self._send(product, self._market.page(product, page))
            self._sent.put(self._market.source, product, page.end)
        return count

    def _send(self, product: str, items: list[CandleEvent | DeadLetter]) -> int:
        recent = self._recent.setdefault(product, {})
        new = [item for item in items if isinstance(item, DeadLetter) or recent.get(item.minute) != item]
        if not new:
            return 0
        try:
            self._publisher.publish(new)
        except SpooledError as error:
            log.warning("candles of %s not in Kafka yet: %s", product, error)
        candles = [item for item in items if isinstance(item, CandleEvent)]
        newest = max((candle.minute for candle in candles), default=None)
        if newest is not None:
            kept = {**recent, **{candle.minute: candle for candle in candles}}
            self._recent[product] = {minute: one for minute, one in kept.items() if minute >= newest - LOOK_BACK}
        return len(new)


def candle_products(settings: Settings) -> tuple[str, ...]:
    """Return the products whose candles are collected: those of the setting, else Bitcoin where gold is served."""
    if settings.markets.candle_products:
        return settings.markets.candle_products
    return (BITCOIN,) if settings.serving.enabled and BITCOIN in settings.markets.products else ()


def open_market(settings: Settings, trades: Choice) -> CoinbaseMinutes | None:
    """Return the candles of the market that trades come from; None where its REST API is not known."""
    market = settings.markets.exchange.market(trades.kind)
    if market.rest_url is None:
        log.warning("no candles are collected: set COINBASE_REST_URL to the REST API of %s", market.ws_url)
        return None
    return CoinbaseMinutes(market.rest_url, SIMULATOR if trades.kind == SIMULATOR else COINBASE_CANDLES)
