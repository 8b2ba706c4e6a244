"""Raw frames to trades: every value is read as text first, so that no digit and no fault is lost.

One frame may hold several trades, good and bad ones. rejects.py states what is wrong with a row, for those batches
only that have such rows: the plan of every batch stays short.
"""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from pipeline.events.coin_prices import EARLIEST_EVENT_TIME, FUTURE_TOLERANCE_S
from pipeline.events.trades import MARKET_TRADES, REST_FRAME
from pipeline.spark.time_ranges import moment
from pipeline.stream.silver.faults import EXACT_NUMBER, first_fault, missing, shown
from pipeline.tables.model import DECIMAL, TIMESTAMP
from pipeline.tables.silver import PAYLOAD_CHARACTERS

TEXTS = ("trade_id", "product_id", "price", "size", "side", "time")

SINGLE = ("match", "last_match")
OTHER_TYPES = (
    "subscriptions", "heartbeat", "ticker", "ticker_batch", "l2update", "snapshot", "status",
    "received", "open", "done", "change", "activate", "auction",
)  # fmt: skip
OTHER_CHANNELS = ("subscriptions", "heartbeats", "ticker", "ticker_batch", "l2_data", "candles", "status", "user")
"""Frames that the feeds are known to send and that hold no trade."""

UNKNOWN = "unknown message type"
NO_OBJECT = "payload is not a JSON object"
ZONED_TIME = r"^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:?\d\d)$"
HEADERS = ("source", "channel", "received_us")
ROW = (
    "topic", "topic_id", "partition", "offset", "kafka_time", "payload_bytes", "fault", "is_trade",
    "source", "channel", "received_at", "product_id", "trade_id", "price", "size", "side", "trade_time",
)  # fmt: skip


def to_trades(records: DataFrame, products: tuple[str, ...]) -> DataFrame:
    """Parse records of `coinbase-raw-trades`, with their headers.

    Returns one row for each trade and one for each frame that should be none or cannot be read: position, kafka_time,
    the columns of a trade, `is_trade`: whether it is a clean one, and for rejects.py `fault` (of the frame), `texts`
    (of a bad trade), `payload` (null where the frame holds several trades) and `payload_bytes`. Times are
    `timestamp_ntz`, UTC. Known frames without trades give no row.
    """
    return (
        records.transform(with_frame)
        .transform(with_trades)
        .transform(with_values)
        .withColumn("is_trade", F.coalesce(_is_clean(products), F.lit(False)))
        .select(
            *ROW,
            # What only rejects need is kept for those only: a batch is held in memory.
            F.when(~F.col("is_trade"), F.col("payload")).alias("payload"),
            F.when(~F.col("is_trade"), _texts()).alias("texts"),
        )
    )


def _texts() -> Column:
    return F.struct(*(F.col(name if name == "product_id" else f"{name}_text").alias(name) for name in TEXTS))


def with_frame(records: DataFrame) -> DataFrame:
    """Add the payload as `text` and `frame`, the frame's type and channel, and the headers by name.

    A variant keeps a number's digits as they were written; `from_json` is no faster and would take bare numbers
    through a double.
    """
    text = F.col("payload").cast("string")
    return records.select(
        "topic",
        "topic_id",
        "partition",
        "offset",
        F.col("kafka_time").cast(TIMESTAMP).alias("kafka_time"),
        text.alias("text"),
        F.length("payload").alias("payload_bytes"),
        F.try_parse_json(text).alias("frame"),
        *(_header(position, name).alias(f"header_{name}") for position, name in enumerate(HEADERS)),
    ).select("*", *(_text("frame", name).alias(name) for name in ("type", "channel")))


def _text(variant: str, name: str) -> Column:
    return F.try_variant_get(variant, f"$.{name}", "string")


def _header(position: int, name: str) -> Column:
    """Return a header in its place, as `FrameHeaders` has it; looking for its name would take twice the time."""
    found = F.get("headers", F.lit(position))
    return F.when(found["key"] == name, found["value"].cast("string"))


def with_trades(frames: DataFrame) -> DataFrame:
    """Make a row of each trade, and one of each frame with a fault."""
    kind, none = F.col("type"), F.array(F.lit(None).cast("variant"))
    in_events = F.flatten(F.try_variant_get("frame", "$.events", "array<struct<trades: array<variant>>>")["trades"])
    trades = (
        F.when(F.col("fault").isNotNull(), none)
        .when(kind.isin(*SINGLE), F.array("frame"))
        .when(kind == REST_FRAME, F.coalesce(F.try_variant_get("frame", "$.trades", "array<variant>"), none))
        .when(kind.isNull() & (F.col("channel") == MARKET_TRADES), F.coalesce(in_events, none))
        .otherwise(F.array().cast("array<variant>"))
    )
    return frames.withColumn("fault", _frame_fault()).select("*", F.explode(trades).alias("trade"))


def _frame_fault() -> Column:
    text, kind, channel = F.col("text"), F.col("type"), F.col("channel")
    shape = first_fault(
        (text.isNull() | (text == ""), "payload is empty"),
        (~F.is_valid_utf8(text), "payload is not UTF-8"),
    )
    known = kind.isin(*SINGLE, REST_FRAME, *OTHER_TYPES) | (
        kind.isNull() & channel.isin(MARKET_TRADES, *OTHER_CHANNELS)
    )
    # `try_parse_json` passes over what follows the first object. In nearly all frames the only brace ends the text.
    is_one = (F.locate("}", text) == F.col("payload_bytes")) | F.try_parse_json(
        F.format_string("[%s]", text)
    ).isNotNull()
    is_object = F.startswith(F.ltrim(text), F.lit("{"))
    no_type = F.when(is_object, F.lit("message type is missing")).otherwise(F.lit(NO_OBJECT))
    content = (
        F.when(F.col("frame").isNull() | ~is_one, F.coalesce(shape, F.lit(NO_OBJECT)))
        .when(known, F.lit(None))
        .when(kind == "error", shown("error frame", F.coalesce(_text("frame", "message"), F.lit("without a message"))))
        .otherwise(F.coalesce(shown("unknown message type", F.coalesce(kind, channel)), no_type))
    )
    return F.coalesce(content, *(missing(f"header {name}", F.col(f"header_{name}"), F.lit(None)) for name in HEADERS))


def with_values(trades: DataFrame) -> DataFrame:
    """Add the trades' values, null where a text is no such value, and the texts themselves as `NAME_text`."""
    frame = ("topic", "topic_id", "partition", "offset", "kafka_time", "fault", "payload_bytes")
    named = trades.select(
        *frame,
        F.when(F.col("fault").isNotNull(), F.substring("text", 1, PAYLOAD_CHARACTERS))
        .when(F.col("type").isin(*SINGLE), F.col("text"))
        .alias("payload"),
        F.col("header_source").alias("source"),
        F.col("header_channel").alias("channel"),
        F.timestamp_micros(F.col("header_received_us").try_cast("bigint")).cast(TIMESTAMP).alias("received_at"),
        *(_text("trade", name).alias(f"{name}_text") for name in TEXTS if name != "product_id"),
        F.coalesce(_text("trade", "product_id"), _text("frame", "product_id")).alias("product_id"),
    )
    time = F.col("time_text")
    return named.select(
        "*",
        F.col("trade_id_text").try_cast("bigint").alias("trade_id"),
        F.col("price_text").try_cast(DECIMAL).alias("price"),
        F.col("size_text").try_cast(DECIMAL).alias("size"),
        F.lower("side_text").alias("side"),
        F.when(time.rlike(ZONED_TIME), time.try_cast("timestamp")).cast(TIMESTAMP).alias("trade_time"),
    )


def _is_clean(products: tuple[str, ...]) -> Column:
    """Tell whether the row is a trade that can be stored; null counts as no. What rejects.py says mirrors this."""
    return (
        F.col("fault").isNull()
        & F.col("received_at").isNotNull()
        & F.col("product_id").isin(*products)
        & (F.col("trade_id") > 0)
        & (F.col("price") > 0)
        & (F.col("size") >= 0)
        & F.col("price_text").rlike(EXACT_NUMBER)
        & F.col("size_text").rlike(EXACT_NUMBER)
        & F.col("trade_time").between(earliest_time(), latest_time())
    )


def earliest_time() -> Column:
    """Return the time before which there were no markets."""
    return moment(EARLIEST_EVENT_TIME.replace(tzinfo=None))


def latest_time() -> Column:
    """Return the time after which a trade lies in the future of its record."""
    return F.col("kafka_time") + F.expr(f"INTERVAL {FUTURE_TOLERANCE_S} SECONDS")
