"""Exchange trades on the wire: the topic of raw frames, the states of gaps, and alerts.

A record of `coinbase-raw-trades` holds a frame unchanged as its value, the product as its key, and three headers: see
`FrameHeaders`. Trade ids are contiguous for each product, so that what is missing can be told from the ids alone.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal

from pipeline.events.coin_prices import epoch_ms
from pipeline.events.model import Topic
from pipeline.events.raw import TOPIC_CONFIG

RAW_TRADES = Topic(
    "coinbase-raw-trades",
    partitions=3,
    doc="Frames of the exchange's trade feed as received; the key is the product, so one product's stay in order",
    config=TOPIC_CONFIG,
)
TRADE_GAPS = Topic(
    "trade_gaps",
    partitions=1,
    doc="Each state of each gap in the trade ids; the key is the gap's id, the newest state counts",
    config=TOPIC_CONFIG,
)
MARKET_ALERTS = Topic(
    "market_alerts",
    partitions=1,
    doc="Sudden moves of a product's price, as in gold.dm_market_alerts; an alert_id that arrives again is a repeat",
    config=TOPIC_CONFIG,
)

MATCHES, MARKET_TRADES, REST = "matches", "market_trades", "rest"
"""The channels a trade can come by: Coinbase Exchange's, Advanced Trade's, or fetched afterwards."""

REST_FRAME = "rest_trades"
"""The type of the frame that carries a REST page: `{"type", "product_id", "trades": [as the exchange answered]}`."""

"""What `source` says. Both feeds and REST number the same trades, so they share one source."""

OPEN, FILLED, LOST, UNAVAILABLE = "open", "filled", "lost", "unavailable"
"""What `status` of a gap says; one that is closed is lost where the exchange answered without one of its trades, and
unavailable where the exchange stopped listing the product before it answered for all of them."""

JUMP, RECONNECT, RESTART = "jump", "reconnect", "restart"
DROPPED, KAFKA_REPLACED, NOT_IN_TABLE = "dropped", "kafka_replaced", "not_in_table"
"""What `reason` of a gap says; docs/operations.md explains each."""


@dataclass(frozen=True)
class FrameHeaders:
    """What is known about a frame beside its bytes; sent as the record's headers, so that the bytes stay as they came.

    `received_us`: when we got it, microseconds since 1970.
    """

    source: str
    channel: str
    received_us: int

    def to_kafka(self) -> list[tuple[str, bytes]]:
        """Return the headers as Kafka's client takes them; all values are text."""
        return [
            ("source", self.source.encode()),
            ("channel", self.channel.encode()),
            ("received_us", b"%d" % self.received_us),
        ]


@dataclass(frozen=True)
class GapState:
    """A run of trade ids, both ends included, that did not arrive in time, and what became of it.

    Times are aware, UTC. `filled` and `lost` count trades; while the gap is open both may still grow. Of an unavailable
    gap the others are unknown.
    """

    gap_id: str
    source: str
    product_id: str
    from_id: int
    to_id: int
    opened_at: datetime
    reason: str
    status: str
    filled: int = 0
    lost: int = 0
    closed_at: datetime | None = None
    note: str = ""  # how it was closed, or why trades are lost

    def to_json(self) -> bytes:
        """Return the record's value; times in ms since 1970."""
        closed = None if self.closed_at is None else epoch_ms(self.closed_at)
        times = {"opened_at": epoch_ms(self.opened_at), "closed_at": closed}
        return json.dumps(asdict(self) | times, separators=(",", ":")).encode()


@dataclass(frozen=True)
class Alert:
    """A sudden move: from the reference price, the window's extreme, to the price that crossed the threshold."""

    alert_id: str
    alert_type: str  # FLASH_CRASH or PRICE_SURGE
    source: str
    product_id: str
    window_s: int
    move_pct: Decimal
    reference_price: Decimal
    reference_time: datetime
    price: Decimal
    triggered_at: datetime  # the trade time of that price
    detected_at: datetime

    def to_json(self) -> bytes:
        """Return the record's value: times in ms since 1970, decimals as strings."""
        values = asdict(self)
        for name, value in values.items():
            if isinstance(value, datetime):
                values[name] = epoch_ms(value)
            elif isinstance(value, Decimal):
                values[name] = format(value, "f")
        return json.dumps(values, separators=(",", ":")).encode()
