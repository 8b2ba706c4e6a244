"""Kafka records to price observations: every field is read as text first, so that no digit and no fault is lost."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from pipeline.events.coin_prices import COIN_EVENTS
from pipeline.events.raw import DEAD_LETTERS
from pipeline.stream.silver.faults import is_plausible, missing, number_fault, shape_fault, shown, time_fault
from pipeline.tables.model import DECIMAL, TIMESTAMP

PRICE_FIELDS = ("coin", "event_time", "price_usd", "market_cap_usd", "volume_usd", "source")
MAX_SOURCE_CHARACTERS = 64
MONEY = ("price_usd", "market_cap_usd", "volume_usd")


def to_observations(records: DataFrame, coins: tuple[str, ...]) -> DataFrame:
    """Parse the records of `coin_events` and `dead_letters`.

    Returns the position columns, kafka_time, payload, the columns of an observation, and `reason`: null where the
    record is a clean observation, else every fault found, joined by "; ". Times are `timestamp_ntz`, UTC.

    All that a batch needs is computed here, in the stream's plan, which is made once: what is added to it batch by
    batch is replanned every time. The steps stand in selects of their own, so that each value is computed once and
    the code that Spark generates for each batch stays short.
    """
    return (
        records.transform(with_texts)
        .transform(with_values)
        .select(
            "topic",
            "topic_id",
            "partition",
            "offset",
            F.col("kafka_time").cast(TIMESTAMP).alias("kafka_time"),
            "payload",
            F.col("coin_text").alias("coin"),
            # The range is checked before the conversion: a number far off would overflow there and stop the stream.
            F.timestamp_millis(F.when(is_plausible(F.col("event_ms")), F.col("event_ms")))
            .cast(TIMESTAMP)
            .alias("event_time"),
            *MONEY,
            F.col("source_text").alias("source"),
            F.when(F.col("topic") == COIN_EVENTS.name, _event_faults(coins))
            .when(F.col("topic") == DEAD_LETTERS.name, _letter_reason())
            .otherwise(F.lit("no reader for this topic"))
            .alias("reason"),
        )
    )


def with_texts(records: DataFrame) -> DataFrame:
    """Add the payload as `text` and as `json`, and each field of an event as text."""
    parsed = records.withColumn("text", F.col("payload").cast("string")).withColumn("json", F.try_parse_json("text"))
    return parsed.select("*", *(_field(name).alias(f"{name}_text") for name in PRICE_FIELDS))


def with_values(texts: DataFrame) -> DataFrame:
    """Add the fields' values, null where a text is no such value."""
    time = F.col("event_time_text")
    return texts.select(
        "*",
        time.try_cast("bigint").alias("event_ms"),
        *(F.col(f"{name}_text").try_cast(DECIMAL).alias(name) for name in MONEY),
    )


def _field(name: str) -> Column:
    """Return a field of the JSON object as text, null where it is missing or null.

    A variant keeps a number's digits as they were written; `from_json` would take bare numbers through a double.
    """
    return F.trim(F.try_variant_get("json", f"$.{name}", "string"))


def _letter_reason() -> Column:
    reason = F.concat(_field("origin"), F.lit(": "), _field("reason"))
    return F.coalesce(reason, F.lit("unreadable dead letter"))


def _event_faults(coins: tuple[str, ...]) -> Column:
    """Return every fault of a price event joined by "; ", or null when there is none."""
    coin, source, time = F.col("coin_text"), F.col("source_text"), F.col("event_time_text")
    shape = shape_fault(F.col("text"), F.col("json").isNotNull())
    fields = F.concat_ws(
        "; ",
        missing("coin", coin, F.when(~coin.isin(*coins), shown("unknown coin", coin))),
        missing("event_time", time, time_fault("event_time", F.col("event_ms"), time)),
        missing("price_usd", F.col("price_usd_text"), _money_fault("price_usd", above_zero=True)),
        _money_fault("market_cap_usd", above_zero=False),
        _money_fault("volume_usd", above_zero=False),
        missing("source", source, F.when(F.length(source) > MAX_SOURCE_CHARACTERS, F.lit("source is too long"))),
    )
    return F.coalesce(shape, F.when(fields != "", fields))


def _money_fault(name: str, *, above_zero: bool) -> Column:
    return number_fault(name, F.col(f"{name}_text"), F.col(name), above_zero=above_zero)
