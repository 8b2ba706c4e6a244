"""Exchange trades: the topic of raw frames, the tables made from them, and the ledger of gaps.

A record of `coinbase-raw-trades` holds a frame unchanged as its value, the product as its key, and three headers: see
`FrameHeaders`. Trade ids are contiguous for each product, so that what is missing can be told from the ids alone.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from decimal import Decimal

from pipeline.events.coin_prices import epoch_ms
from pipeline.events.model import DECIMAL, TIMESTAMP, Column, Table, Topic
from pipeline.events.raw import POSITION, TOPIC_CONFIG

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
    doc="Sudden moves of a product's price, as in gold.dm_market_alerts; an alert_id that comes again is no news",
    config=TOPIC_CONFIG,
)

MATCHES, MARKET_TRADES, REST = "matches", "market_trades", "rest"
"""The channels a trade can come by: Coinbase Exchange's, Advanced Trade's, or fetched afterwards."""

REST_FRAME = "rest_trades"
"""The type of the frame that carries a REST page: `{"type", "product_id", "trades": [as the exchange answered]}`."""

COINBASE, SIMULATOR = "coinbase", "simulator"
"""What `source` says. Both feeds and REST number the same trades, so they share one source."""

OPEN, FILLED, LOST = "open", "filled", "lost"
"""What `status` of a gap says; a gap that is no longer open is lost where one of its trades is."""


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

    Times are aware, UTC. `filled` and `lost` count trades; while the gap is open both may still grow.
    """

    gap_id: str
    source: str
    product_id: str
    from_id: int
    to_id: int
    opened_at: datetime
    reason: str  # jump, reconnect or restart
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


_PRODUCT = (
    Column("source", "string", "the exchange, coinbase; made-up trades say simulator", nullable=False),
    Column("product_id", "string", "what is traded against what, e.g. BTC-USD", nullable=False),
)

FACT_TRADES = Table(
    "iceberg",
    "silver",
    "fact_crypto_trades",
    columns=(
        *_PRODUCT,
        Column("trade_id", "bigint", "the exchange's number; contiguous for each product", nullable=False),
        Column("price", DECIMAL, "price of one unit in the quote currency", nullable=False),
        Column("size", DECIMAL, "how much was traded, in the base currency", nullable=False),
        Column("side", "string", "the resting (maker) order's side as the exchange says it: buy or sell"),
        Column("trade_time", TIMESTAMP, "when the exchange made the trade, UTC, microseconds", nullable=False),
        Column("received_at", TIMESTAMP, "when we received it, UTC, microseconds", nullable=False),
        Column("channel", "string", "how it came first: matches, market_trades or rest (a filled gap)", nullable=False),
        Column("ingested_at", TIMESTAMP, "when the broker appended the frame, UTC", nullable=False),
        *POSITION,
    ),
    key=("source", "product_id", "trade_id"),
    partitioned_by=("days(trade_time)",),
    doc="Every trade once, however often and late it arrived",
)

CANDLES_1M = Table(
    "iceberg",
    "silver",
    "candles_1m",
    columns=(
        *_PRODUCT,
        Column("minute", TIMESTAMP, "start of the minute, UTC", nullable=False),
        Column("open", DECIMAL, "price of the trade with the lowest id", nullable=False),
        Column("high", DECIMAL, "highest price", nullable=False),
        Column("low", DECIMAL, "lowest price", nullable=False),
        Column("close", DECIMAL, "price of the trade with the highest id", nullable=False),
        Column("volume", DECIMAL, "sum of sizes, in the base currency", nullable=False),
        Column("turnover", DECIMAL, "sum of price times size, in the quote currency", nullable=False),
        Column("price_sum", DECIMAL, "sum of prices, for means over several minutes", nullable=False),
        Column("trades", "bigint", "number of trades", nullable=False),
        Column("filled", "bigint", "how many of them were fetched by REST", nullable=False),
        Column("first_trade_id", "bigint", "lowest trade id", nullable=False),
        Column("last_trade_id", "bigint", "highest trade id", nullable=False),
        Column("last_ingested_at", TIMESTAMP, "the newest ingested_at among the trades, UTC", nullable=False),
    ),
    key=("source", "product_id", "minute"),
    partitioned_by=("days(minute)",),
    doc="One-minute candles from trades; a minute without a trade has no row",
)

PRICE_STATS = Table(
    "iceberg",
    "gold",
    "dm_crypto_price_stats",
    columns=(
        *_PRODUCT,
        Column("window_start", TIMESTAMP, "start of the hour that the row is about, UTC", nullable=False),
        Column("window_end", TIMESTAMP, "its end, a whole minute, not included, UTC", nullable=False),
        Column("avg_price", DECIMAL, "mean of the trades' prices", nullable=False),
        Column("min_price", DECIMAL, "lowest price", nullable=False),
        Column("max_price", DECIMAL, "highest price", nullable=False),
        Column("vwap", DECIMAL, "mean price weighted by size; null where all sizes are zero"),
        Column("volume", DECIMAL, "sum of sizes, in the base currency", nullable=False),
        Column("trades", "bigint", "number of trades", nullable=False),
    ),
    key=("source", "product_id", "window_end"),
    partitioned_by=("days(window_end)",),
    doc="Statistics over one hour, for each minute at which one with trades ends; the newest window is still filling",
)

ALERTS = Table(
    "iceberg",
    "gold",
    "dm_market_alerts",
    columns=(
        Column("alert_id", "string", "source:product:type:ms of triggered_at", nullable=False),
        Column("alert_type", "string", "FLASH_CRASH or PRICE_SURGE", nullable=False),
        *_PRODUCT,
        Column("window_s", "int", "length of the window in seconds", nullable=False),
        Column("move_pct", "decimal(18,6)", "move from reference_price to price in per cent; negative is a fall"),
        Column("reference_price", DECIMAL, "the window's highest price before a crash, lowest before a surge"),
        Column("reference_time", TIMESTAMP, "when the reference price was traded, UTC"),
        Column("price", DECIMAL, "the price that crossed the threshold"),
        Column("triggered_at", TIMESTAMP, "when that price was traded, UTC", nullable=False),
        Column("detected_at", TIMESTAMP, "when the alert was raised, UTC", nullable=False),
    ),
    key=("source", "product_id", "alert_type", "triggered_at"),
    partitioned_by=("months(triggered_at)",),
    doc="Sudden moves, one row an event",
)

COVERAGE = Table(
    "iceberg",
    "ops",
    "coverage",
    columns=(
        *_PRODUCT,
        Column("hour", TIMESTAMP, "start of the hour of trade_time, UTC", nullable=False),
        Column("expected", "bigint", "received, filled and missing ones together", nullable=False),
        Column("received", "bigint", "trades in the table that came by the feed", nullable=False),
        Column("filled", "bigint", "trades in the table that were fetched by REST", nullable=False),
        Column("missing", "bigint", "holes in the ids, each counted where the next higher id is", nullable=False),
        Column("first_trade_id", "bigint", "lowest trade id", nullable=False),
        Column("last_trade_id", "bigint", "highest trade id", nullable=False),
    ),
    key=("source", "product_id", "hour"),
    partitioned_by=("months(hour)",),
    doc="How complete silver.fact_crypto_trades is, counted from the table itself",
)

GAPS = Table(
    "iceberg",
    "ops",
    "gaps",
    columns=(
        Column("gap_id", "string", "source:product:first missing id", nullable=False),
        *_PRODUCT,
        Column("from_id", "bigint", "first missing trade id", nullable=False),
        Column("to_id", "bigint", "last missing trade id", nullable=False),
        Column("opened_at", TIMESTAMP, "when it was noticed, UTC", nullable=False),
        Column("reason", "string", "jump, reconnect or restart", nullable=False),
        Column("status", "string", "open, filled or lost", nullable=False),
        Column("filled", "bigint", "trades fetched", nullable=False),
        Column("lost", "bigint", "trades that the exchange no longer has", nullable=False),
        Column("closed_at", TIMESTAMP, "when it was filled or given up, UTC"),
        Column("note", "string", "how it was closed, or why trades are lost"),
    ),
    key=("gap_id",),
    doc="Each run of missing trade ids, and what became of it",
)
