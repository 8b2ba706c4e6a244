"""Prices for silver, given as rows, and gold's days read back."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import count

from pyspark.sql import DataFrame, Row, SparkSession
from pyspark.sql import functions as F

from pipeline.tables.coins import COIN_DAILY, COIN_RETURNS
from pipeline.tables.silver import COIN_PRICES

ARRIVED = datetime(2026, 2, 1)
OFFSETS = count()
Price = tuple[str, str, datetime, str]
"""Coin, source, time stamp, USD."""


def prices(spark: SparkSession, rows: Iterable[Price], arrived: datetime = ARRIVED) -> DataFrame:
    """Return rows as silver has them."""
    values = [
        (coin, time, Decimal(price), None, None, source, arrived, "coin_events", 0, next(OFFSETS))
        for coin, source, time, price in rows
    ]
    return spark.createDataFrame(values, COIN_PRICES.spark_schema()).coalesce(1)


def give_prices(spark: SparkSession, rows: Iterable[Price], minute: int = 0) -> None:
    """Append them to silver, as if they had reached Kafka so many minutes after the first ones."""
    prices(spark, rows, ARRIVED + timedelta(minutes=minute)).writeTo(COIN_PRICES.full_name).append()


def at_midnights(coin: str, source: str, first: date, closes: Iterable[str]) -> list[Price]:
    """Give closes of successive days the stamp of the midnight at which they held."""
    start = datetime(first.year, first.month, first.day)
    return [(coin, source, start + timedelta(days=n + 1), close) for n, close in enumerate(closes)]


def daily(spark: SparkSession) -> dict[tuple[str, date], Row]:
    """Return the rows of gold.coin_daily by their key; a key that is there twice fails."""
    return by_key(spark.table(COIN_DAILY.full_name).collect())


def returns(spark: SparkSession) -> dict[tuple[str, date], Row]:
    """Return the rows of gold.coin_returns by their key; a key that is there twice fails."""
    return by_key(spark.table(COIN_RETURNS.full_name).collect())


def by_key(rows: list[Row]) -> dict[tuple[str, date], Row]:
    found = {(row["coin"], row["day"]): row for row in rows}
    assert len(found) == len(rows)
    return found


def day_of_close(frame: DataFrame) -> dict[date, tuple[str, ...]]:
    """Return each day's open, high, low and close, as plain text."""
    names = ("open", "high", "low", "close")
    rows = frame.select("day", *(F.col(name).cast("decimal(38,2)").alias(name) for name in names)).collect()
    return {row["day"]: tuple(f"{row[name]:f}" for name in names) for row in rows}
