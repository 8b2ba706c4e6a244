"""What CoinGecko's answers mean: pure functions from a JSON body to observations and dead letters."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from pipeline.errors import BadDataError
from pipeline.events.coin_prices import EARLIEST_EVENT_TIME, PriceEvent, epoch_ms
from pipeline.ingest.http import Json
from pipeline.ingest.sources.base import Item, TimeRange
from pipeline.ingest.sources.observations import DAY_MS, observe, read_amount, read_price, read_time_ms

NAME = "coingecko"
EARLIEST_MS = epoch_ms(EARLIEST_EVENT_TIME)


@dataclass(frozen=True)
class Reading:
    """How to read an answer: the label of its rows, the coin it is about, and the time it was read."""

    label: str
    coin: str
    now: datetime


def current_item(reading: Reading, entry: Json) -> Item:
    """Return the observation in one coin's entry of a /simple/price answer; None stands for a missing entry."""
    fields = entry if isinstance(entry, dict) else {}

    def build() -> PriceEvent:
        price = read_price(fields.get("usd"))
        stamp = fields.get("last_updated_at")
        moment = read_time_ms(stamp * 1000 if isinstance(stamp, int) else stamp, reading.now)
        cap = read_amount("market cap", fields.get("usd_market_cap"))
        volume = read_amount("volume", fields.get("usd_24h_vol"))
        return PriceEvent(reading.coin, moment, price, cap, volume, reading.label)

    return observe(f"{reading.label}:simple/price", {reading.coin: entry}, build)


def daily_items(reading: Reading, body: Json, span: TimeRange) -> Iterator[Item]:
    """Yield the daily observations of a market_chart answer that lie in the span, oldest first.

    Points off the midnight grid are skipped: the last one is the live price, and may be older than the one before
    it. A repeated day counts once. Prices, caps and volumes are joined by time; a cap or volume without a price is
    left, a price without them keeps its place.
    """
    caps, volumes = _by_time(body, "market_caps"), _by_time(body, "total_volumes")
    days = {stamp: price for stamp, price in reversed(_points(body, "prices")) if _is_wanted(stamp, span)}
    for stamp, price in sorted(days.items()):
        build = partial(_daily_event, reading, (stamp, price), (caps.get(stamp), volumes.get(stamp)))
        yield observe(f"{reading.label}:market_chart/{reading.coin}", [stamp, price], build)


def _daily_event(reading: Reading, point: tuple[int, Json], amounts: tuple[Json, Json]) -> PriceEvent:
    moment = read_time_ms(point[0], reading.now)
    cap, volume = read_amount("market cap", amounts[0]), read_amount("volume", amounts[1])
    return PriceEvent(reading.coin, moment, read_price(point[1]), cap, volume, reading.label)


def _is_wanted(stamp: int, span: TimeRange) -> bool:
    """Tell whether a point is a day of the span; a time before Bitcoin is kept, to become a dead letter."""
    if stamp < EARLIEST_MS:
        return True
    return stamp % DAY_MS == 0 and epoch_ms(span.start) <= stamp < epoch_ms(span.end)


def _by_time(body: Json, series: str) -> dict[int, Json]:
    return dict(_points(body, series))


def _points(body: Json, series: str) -> list[tuple[int, Json]]:
    """Return a series as pairs of milliseconds and value; a wrong shape anywhere makes the whole answer unusable."""
    points = body.get(series) if isinstance(body, dict) else None
    if not isinstance(points, list):
        raise BadDataError(NAME, f"market_chart answered no list called {series!r}")
    for point in points:
        if not isinstance(point, list) or len(point) != 2 or type(point[0]) is not int:
            raise BadDataError(NAME, f"market_chart: {series} holds {str(point)[:60]}, not [milliseconds, value]")
    return [(stamp, value) for stamp, value in points]
