"""What every function asks of a session and of rows before it works with them."""

from __future__ import annotations

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.types import NumericType, TimestampNTZType, TimestampType

from pipeline.errors import UnusableInputError

UTC_NAMES = {"UTC", "Etc/UTC", "Z", "+00:00", "GMT"}
TIME_ZONE = "spark.sql.session.timeZone"
LABELS = ("coin", "source")
"""Columns that say what a price is of; prices that differ in one are never averaged or trained on together."""


def check_session(spark: SparkSession) -> None:
    """Raise `UnusableInputError` for a session that was stopped or is not in UTC."""
    if spark.sparkContext._jsc is None:  # noqa: SLF001  # PySpark has no public way
        raise UnusableInputError("the Spark session was stopped: create a new one, and read the rows again with it")
    zone = spark.conf.get(TIME_ZONE)
    if zone not in UTC_NAMES:
        raise UnusableInputError(f'the session\'s time zone is {zone}: spark.conf.set("{TIME_ZONE}", "UTC") changes it')


def labels_of(rows: DataFrame) -> list[str]:
    """Return those of the columns `coin` and `source` that the rows have."""
    return [name for name in LABELS if name in rows.columns]


def to_prices(rows: DataFrame) -> DataFrame:
    """Return `timestamp, price_usd` and the labels that there are, with prices as doubles.

    Raises:
        UnusableInputError: the session was stopped or is not in UTC, or a column is missing or of another type.
    """
    check_session(rows.sparkSession)
    types = {field.name: field.dataType for field in rows.schema.fields}
    for name, kinds in (("timestamp", (TimestampType, TimestampNTZType)), ("price_usd", (NumericType,))):
        if name not in types:
            raise UnusableInputError(f"there is no column {name!r} among {', '.join(types) or 'none'}")
        if not isinstance(types[name], kinds):
            raise UnusableInputError(f"column {name!r} is {types[name].simpleString()}, not {kinds[0].typeName()}")
    timestamp, price = F.col("timestamp").cast("timestamp"), F.col("price_usd").cast("double")
    return rows.select(timestamp.alias("timestamp"), price.alias("price_usd"), *labels_of(rows))
