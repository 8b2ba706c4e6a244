"""Minute candles on the wire: the topic `bitcoin_data` and the event."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

import orjson

from pipeline.events.coin_prices import epoch_ms
from pipeline.events.model import Topic
from pipeline.events.raw import TOPIC_CONFIG

BITCOIN_DATA = Topic(
    "bitcoin_data",
    partitions=1,  # in the order of arrival: the later of two candles for a minute wins
    doc="Minute candles, replayed from files or collected live; the key is the product",
    config=TOPIC_CONFIG,
)


@dataclass(frozen=True)
class CandleEvent:
    """One minute's candle as its source gave it.

    `minute` is the start of the minute (aware, UTC). Prices are in the quote currency, `volume` in the base currency.
    `is_filled`: nobody traded, and the source's author carried the price before forward.
    """

    source: str
    product_id: str
    minute: datetime
    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    is_filled: bool

    def to_json(self) -> bytes:
        """Return the record's value: `minute` in ms since 1970, decimals as strings so that no digit is lost."""
        return orjson.dumps(
            {
                "source": self.source,
                "product_id": self.product_id,
                "minute": epoch_ms(self.minute),
                "open": format(self.open, "f"),
                "high": format(self.high, "f"),
                "low": format(self.low, "f"),
                "close": format(self.close, "f"),
                "volume": format(self.volume, "f"),
                "is_filled": self.is_filled,
            }
        )
