"""What could not be read as a trade, with the reason, for silver.rejected_events."""

from __future__ import annotations

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from pipeline.stream.silver.faults import missing, number_fault, shown
from pipeline.stream.silver.trades.parsing import ZONED_TIME, earliest_time, latest_time
from pipeline.tables.silver import PAYLOAD_CHARACTERS, REJECTED_EVENTS

VALUES = ("trade_id", "product_id", "price", "size", "side", "trade_time")
NO_TRADE = "a trade is missing or no JSON object"


def to_rejects(rows: DataFrame, products: tuple[str, ...]) -> DataFrame:
    """Turn parsed rows that are no clean trades into rejects; each gives one, also of a frame that holds several."""
    return rows.where(~F.col("is_trade")).withColumn("reason", _reason(products)).transform(to_rejected_events)


def to_rejected_events(rows: DataFrame) -> DataFrame:
    """Give rows with a `reason` the table's columns; of a frame with several trades the payload is that trade's part.

    A frame can hold a thousand trades: the whole is in bronze.events, once.
    """
    part = F.coalesce(F.to_json("texts"), F.to_json(F.struct(*VALUES)))
    payload = F.make_valid_utf8(F.substring(F.coalesce("payload", part), 1, PAYLOAD_CHARACTERS))
    return rows.withColumn("payload", payload).select(
        *(F.col(column.name).cast(column.type).alias(column.name) for column in REJECTED_EVENTS.columns)
    )


def _reason(products: tuple[str, ...]) -> Column:
    """Return the frame's fault, else every fault of the trade joined by "; "."""
    texts, product = F.col("texts"), F.col("product_id")
    faults = F.concat_ws(
        "; ",
        F.when(F.col("received_at").isNull(), F.lit("header received_us is no number")),
        missing("product_id", product, F.when(~product.isin(*products), shown("unknown product", product))),
        missing("trade_id", texts["trade_id"], _id_fault()),
        *(
            missing(name, texts[name], number_fault(name, texts[name], F.col(name), above_zero=name == "price"))
            for name in ("price", "size")
        ),
        missing("time", texts["time"], _time_fault()),
    )
    no_trade = F.when(
        F.col("texts.trade_id").isNull() & texts["price"].isNull() & texts["time"].isNull(), F.lit(NO_TRADE)
    )
    return F.coalesce("fault", no_trade, F.when(faults != "", faults), F.lit("a number is written in an unusual way"))


def _id_fault() -> Column:
    text, number = F.col("texts.trade_id"), F.col("trade_id")
    return F.when(number.isNull() | (number <= 0), shown("trade_id is not a positive whole number", text))


def _time_fault() -> Column:
    text, time = F.col("texts.time"), F.col("trade_time")
    return (
        F.when(~text.rlike(ZONED_TIME), shown("time is not an ISO time with a zone", text))
        .when(time.isNull(), shown("time does not exist", text))
        .when(time < earliest_time(), shown("time is before 2009-01-03", text))
        .when(time > latest_time(), shown("time is in the future", text))
    )
