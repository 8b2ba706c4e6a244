"""Price observations: the topic `coin_events`, the event on the wire, and the tables that hold them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from pipeline.events.model import DECIMAL, TIMESTAMP, Column, Table, Topic
from pipeline.events.raw import POSITION, TOPIC_CONFIG

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


_OBSERVATION = (
    Column("coin", "string", "CoinGecko id, e.g. bitcoin", nullable=False),
    Column("event_time", TIMESTAMP, "when the market says the price held, UTC", nullable=False),
    Column("price_usd", DECIMAL, "price of one coin in USD", nullable=False),
    Column("market_cap_usd", DECIMAL, "price times circulating supply, USD"),
    Column("volume_usd", DECIMAL, "traded in the last 24 hours, USD"),
    Column("source", "string", "where the observation came from; simulated rows say simulator", nullable=False),
)

COIN_PRICES = Table(
    "iceberg",
    "silver",
    "coin_prices",
    columns=(
        *_OBSERVATION,
        Column("ingested_at", TIMESTAMP, "when the broker appended the event, UTC", nullable=False),
        *POSITION,
    ),
    key=("coin", "event_time", "source"),
    # A year of five coins polled each minute is about 40 MB: one partition, and history arrives in few files.
    partitioned_by=("years(event_time)",),
    doc="Clean price observations, live and history since 2013, one row for each coin, time and source",
)

COIN_DATA = Table(
    "hive",
    "crypto",
    "coin_data",
    columns=(
        *_OBSERVATION,
        Column("date", "date", "the UTC day of event_time", nullable=False),
        Column("year", "int", "the UTC year of event_time; the partition", nullable=False),
    ),
    key=("coin", "event_time", "source"),
    partitioned_by=("year",),
    doc="Price observations as a plain Parquet table for Hive, Impala and Presto",
)
