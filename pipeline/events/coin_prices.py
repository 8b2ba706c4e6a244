"""Price observations: the topic `coin_events` and the event on the wire."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from pipeline.events.model import Topic
from pipeline.events.raw import TOPIC_CONFIG

COIN_EVENTS = Topic(
    "coin_events",
    partitions=3,
    doc="Price observations, live and history; the key is the coin, so one coin's events stay in order",
    config=TOPIC_CONFIG,
)

EARLIEST_EVENT_TIME = datetime(2009, 1, 3, tzinfo=UTC)  # Bitcoin's first block: nothing had a price before it
FUTURE_TOLERANCE_S = 60  # how far a market's clock may run ahead of the broker's


@dataclass(frozen=True)
class PriceEvent:
    """One price observation, as it goes over the wire to `coin_events`.

    `event_time` is when the market says the price held (aware, UTC); money is in USD. `source` names where the
    observation came from: coingecko, coinmetrics, coinbase_candles, csv_coingecko, csv_kaggle, csv_kaggle_filled
    (a minute without a trade, carried forward) or simulator.
    """

    coin: str
    event_time: datetime
    price_usd: Decimal
    market_cap_usd: Decimal | None
    volume_usd: Decimal | None
    source: str

    def to_json(self) -> bytes:
        """Return the record's value: times in ms since 1970, decimals as strings so that no digit is lost."""
        return json.dumps(
            {
                "coin": self.coin,
                "event_time": epoch_ms(self.event_time),
                "price_usd": _plain(self.price_usd),
                "market_cap_usd": _plain(self.market_cap_usd),
                "volume_usd": _plain(self.volume_usd),
                "source": self.source,
            },
            separators=(",", ":"),
        ).encode()


def epoch_ms(moment: datetime) -> int:
    """Return whole milliseconds since 1970 of an aware time, without a float on the way."""
    delta = moment - datetime(1970, 1, 1, tzinfo=UTC)
    return (delta.days * 86_400 + delta.seconds) * 1000 + delta.microseconds // 1000


def _plain(value: Decimal | None) -> str | None:
    return None if value is None else format(value, "f")
