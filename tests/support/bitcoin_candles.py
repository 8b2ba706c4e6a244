"""Minute candles as rows of both silver tables, and what gold must make of them, computed without Spark.

The computation is exact: closes as whole numbers on a grid of all minutes, sums as differences of running sums.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from math import sqrt
from typing import Any

import numpy as np
from pyspark.sql import SparkSession

from pipeline.spark.appending import load_table
from pipeline.spark.local_rows import local_rows
from pipeline.tables.gold import BITCOIN_GOLD, WINDOWS_MIN
from pipeline.tables.silver import BITCOIN_DATA, CANDLES_1M

EPOCH = datetime(1970, 1, 1)
START = datetime(2026, 1, 31, 22, 0)  # two hours later another month begins
UNITS = 1000  # a dollar's, in which closes are whole numbers


@dataclass(frozen=True)
class Candle:
    """What matters of a candle here; `ids` are its first and last trade id where trades made it."""

    minute: datetime
    close: str = "100"
    source: str = "csv_kaggle"
    product: str = "BTC-USD"
    is_filled: bool = False
    ids: tuple[int, int] | None = None


def at(minute: int) -> datetime:
    return START + timedelta(minutes=minute)


def give(spark: SparkSession, candles: Iterable[Candle], offset: int, arrived: datetime | None = None) -> None:
    """Append candles to silver.bitcoin_data in one commit, ingested one a ms."""
    when = arrived or datetime(2026, 3, 1) + timedelta(milliseconds=offset)
    rows = [
        (
            *(c.source, c.product, c.minute, c.close, c.close, c.close, c.close, "1.5", str(c.is_filled).lower()),
            *(when + timedelta(milliseconds=number), "bitcoin_data", 0, offset + number),
        )
        for number, c in enumerate(candles)
    ]
    local_rows(spark, rows, BITCOIN_DATA.spark_schema()).writeTo(BITCOIN_DATA.full_name).append()


def replace_given(spark: SparkSession, candle: Candle, offset: int) -> None:
    """Put a candle in the place of the one of the same source, product and minute."""
    key = f"source = '{candle.source}' AND product_id = '{candle.product}' AND minute = TIMESTAMP_NTZ '{candle.minute}'"
    spark.sql(f"DELETE FROM {BITCOIN_DATA.full_name} WHERE {key}")
    give(spark, [candle], offset)


def trade(spark: SparkSession, candles: Iterable[Candle], arrived: datetime) -> None:
    """Append candles made from trades to silver.candles_1m in one commit."""
    rows = [
        (
            *(c.source, c.product, c.minute, c.close, c.close, c.close, c.close, "1.5", c.close, c.close, 1, 0),
            *(*(c.ids or (1, 1)), arrived),
        )
        for c in candles
    ]
    local_rows(spark, rows, CANDLES_1M.spark_schema()).writeTo(CANDLES_1M.full_name).append()


def gold(spark: SparkSession, where: str = "true") -> list[dict[str, Any]]:
    """Return the table's rows in the order of product and minute."""
    rows = spark.table(BITCOIN_GOLD.full_name).where(where).orderBy("product_id", "minute").collect()
    return [row.asDict() for row in rows]


def snapshot(spark: SparkSession) -> int | None:
    """Return the id of gold's newest snapshot."""
    current = load_table(spark, BITCOIN_GOLD).currentSnapshot()
    return None if current is None else int(current.snapshotId())


def recomputed(closes: Mapping[datetime, Decimal]) -> dict[datetime, tuple[float | None, ...]]:
    """Return by minute the means and the deviations of one series, in the order of `WINDOWS_MIN`."""
    minutes = sorted(closes)
    places = np.array([(minute - EPOCH) // timedelta(minutes=1) for minute in minutes])
    places -= places[0] - max(WINDOWS_MIN)
    scaled = np.array([int(closes[minute] * UNITS) for minute in minutes], dtype=np.int64)
    grid = np.zeros((3, places[-1] + 1), dtype=np.int64)
    grid[:, places] = np.ones_like(scaled), scaled, scaled * scaled
    sums = grid.cumsum(axis=1)  # wraps around, and the differences are right again
    found = {n: (sums[:, places] - sums[:, places - n]).tolist() for n in WINDOWS_MIN}
    return {
        minute: (
            *(total[place] / count[place] / UNITS for count, total, _ in found.values()),
            *(_deviation(count[place], total[place], squares[place]) for count, total, squares in found.values()),
        )
        for place, minute in enumerate(minutes)
    }


def _deviation(count: int, total: int, squares: int) -> float | None:
    if count < 2:
        return None
    return sqrt((count * squares - total * total) / (count * (count - 1))) / UNITS


def differing(rows: Iterable[Mapping[str, Any]], closes: Mapping[datetime, Decimal]) -> list[Any]:
    """Return where gold's rows of one series differ from the exact computation by more than 1e-9, relative."""
    expected = recomputed(closes)
    names = [f"ma_{n}" for n in WINDOWS_MIN] + [f"volatility_{n}" for n in WINDOWS_MIN]
    found = {row["minute"]: tuple(row[name] for name in names) for row in rows}
    assert found.keys() == expected.keys()
    return [
        (minute, name, value, wanted)
        for minute, values in expected.items()
        for name, value, wanted in zip(names, found[minute], values, strict=True)
        if (value is None) != (wanted is None) or (wanted is not None and abs(value - wanted) > 1e-9 * abs(wanted))
    ]
