"""Kafka records to minute candles: every field is read as text first, so that no digit and no fault is lost."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from pipeline.events.candles import CandleEvent
from pipeline.stream.silver.faults import is_plausible, missing, number_fault, shape_fault, shown, time_fault
from pipeline.tables.model import DECIMAL, TIMESTAMP

CANDLE_FIELDS = ("source", "product_id", "minute", "open", "high", "low", "close", "volume", "is_filled")
PRICES = ("open", "high", "low", "close")
NUMBERS = (*PRICES, "volume")
PRODUCT = "[A-Z0-9]{1,20}-[A-Z0-9]{1,20}"
MAX_SOURCE_CHARACTERS = 64
MINUTE_MS = 60_000

_SHAPES = {"source": '"[A-Za-z0-9_.:@/-]{1,64}"', "product_id": f'"{PRODUCT}"', "minute": r"\d{1,18}"}
_SHAPES |= dict.fromkeys(NUMBERS, r'"\d{1,20}(\.\d{1,18})?"') | {"is_filled": "(true|false)"}
PLAIN = "^\\{" + ",".join(f'"{name}":{_SHAPES[name]}' for name in CANDLE_FIELDS) + "\\}$"
"""What CandleEvent writes: cut at its quotes, in a third of the time that parsing takes; any other record is parsed."""

_PRICE = Decimal(1)
_SAMPLE = CandleEvent(
    "s", "P", datetime(2021, 1, 1, tzinfo=UTC), _PRICE, _PRICE, _PRICE, _PRICE, _PRICE, False
).to_json()
_PARTS = _SAMPLE.decode().split('"')


def to_candles(records: DataFrame) -> DataFrame:
    """Parse the records of `bitcoin_data`.

    Returns the position columns, kafka_time, the columns of a candle, `reason`: null where the record is a clean
    candle, else every fault found, joined by "; ", and `payload`, of the rejects alone. Times are `timestamp_ntz`, UTC.
    """
    return (
        records.transform(with_texts)
        .transform(with_values)
        .withColumn("reason", F.when(F.col("is_plain") & _is_sound(), None).otherwise(_faults()))
        .select(
            *("topic", "topic_id", "partition", "offset"),
            F.col("kafka_time").cast(TIMESTAMP).alias("kafka_time"),
            *("source", "product_id"),
            # The range is checked before the conversion: a number far off would overflow there and stop the stream.
            F.timestamp_millis(F.when(is_plausible(F.col("minute_ms")), F.col("minute_ms")))
            .cast(TIMESTAMP)
            .alias("minute"),
            *NUMBERS,
            "is_filled",
            "reason",
            F.when(F.col("reason").isNotNull(), F.col("payload")).alias("payload"),
        )
    )


def with_texts(records: DataFrame) -> DataFrame:
    """Add the payload as `text`, whether it is PLAIN, else as `json`, and each field as `NAME_text`.

    A variant keeps a number's digits as they were written; `from_json` would take bare numbers through a double.
    """
    text, is_plain = F.col("text"), F.col("is_plain")
    return (
        records.withColumn("text", F.col("payload").cast("string"))
        .withColumn("is_plain", F.coalesce(text.rlike(PLAIN), F.lit(False)))
        .withColumn("parts", F.when(is_plain, F.split(text, '"')))
        .withColumn("json", F.when(~is_plain, F.try_parse_json(text)))
        .select(
            *(*records.columns, "text", "is_plain", "json"),
            *(F.when(is_plain, _part(name)).otherwise(_field(name)).alias(f"{name}_text") for name in CANDLE_FIELDS),
        )
    )


def _part(name: str) -> Column:
    """Return a field's text between the quotes; a value without quotes has its colon and what follows around it."""
    at = _PARTS.index(name)
    if _PARTS[at + 1] == ":":
        return F.col("parts")[at + 2]
    return F.translate(F.col("parts")[at + 1], ":,}", "")


def _field(name: str) -> Column:
    return F.trim(F.try_variant_get("json", f"$.{name}", "string"))


def with_values(texts: DataFrame) -> DataFrame:
    """Add the fields' values, null where a text is no such value."""
    return texts.select(
        "*",
        F.col("source_text").alias("source"),
        F.col("product_id_text").alias("product_id"),
        F.col("minute_text").try_cast("bigint").alias("minute_ms"),
        *(F.col(f"{name}_text").try_cast(DECIMAL).alias(name) for name in NUMBERS),
        F.when(F.col("is_filled_text") == "true", True)
        .when(F.col("is_filled_text") == "false", False)
        .alias("is_filled"),
    )


def _is_sound() -> Column:
    """Tell whether the values of a plain record are those of a candle; `_faults` says why not."""
    low, high = F.col("low"), F.col("high")
    in_range = F.col("open").between(low, high) & F.col("close").between(low, high)
    return is_plausible(F.col("minute_ms")) & (F.col("minute_ms") % MINUTE_MS == 0) & (low > 0) & in_range


def _faults() -> Column:
    """Return every fault of a candle joined by "; ", or null when there is none."""
    source, product, is_filled = (F.col(f"{name}_text") for name in ("source", "product_id", "is_filled"))
    fields = F.concat_ws(
        "; ",
        missing("source", source, F.when(F.length(source) > MAX_SOURCE_CHARACTERS, F.lit("source is too long"))),
        missing(
            "product_id",
            product,
            F.when(~product.rlike(f"^{PRODUCT}$"), shown("product_id is not like BTC-USD", product)),
        ),
        missing("minute", F.col("minute_text"), _minute_fault()),
        *(missing(name, F.col(f"{name}_text"), _number_fault(name)) for name in NUMBERS),
        missing(
            "is_filled", is_filled, F.when(F.col("is_filled").isNull(), shown("is_filled is no boolean", is_filled))
        ),
        *_range_faults(),
    )
    return F.coalesce(
        shape_fault(F.col("text"), F.col("is_plain") | F.col("json").isNotNull()), F.when(fields != "", fields)
    )


def _number_fault(name: str) -> Column:
    return number_fault(name, F.col(f"{name}_text"), F.col(name), above_zero=name in PRICES)


def _range_faults() -> tuple[Column, ...]:
    """Return what is wrong between the prices; open and close are not compared with a range that is none."""
    low, high = F.col("low"), F.col("high")
    outside = (
        F.when(
            (low <= high) & ~F.col(name).between(low, high),
            shown(f"{name} is outside low and high", F.col(f"{name}_text")),
        )
        for name in ("open", "close")
    )
    return F.when(high < low, shown("high is below low", F.col("high_text"))), *outside


def _minute_fault() -> Column:
    value, minute_ms = F.col("minute_text"), F.col("minute_ms")
    is_inside = minute_ms % MINUTE_MS != 0
    return time_fault("minute", minute_ms, value, (is_inside, shown("minute is not the start of a minute", value)))
