"""Which candles gold.bitcoin_gold_data does not hold yet, and which minutes they concern."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from pyspark.sql import Column, DataFrame, Row, SparkSession
from pyspark.sql import functions as F

from pipeline.spark.replacing import in_few
from pipeline.spark.time_ranges import MINUTE, TimeRange, merged, moment
from pipeline.stream.gold.bitcoin_candles import BITCOIN_PRODUCTS
from pipeline.stream.gold.bitcoin_gold_data import REACH
from pipeline.tables.model import TIMESTAMP
from pipeline.tables.silver import BITCOIN_DATA, CANDLES_1M

MAX_NEW = 500_000
"""So many new candles are worked on at a time, at most twice as many: it bounds memory, and what a crash can undo."""
FEW = 2_000
"""Up to so many new candles are looked at by the minute, more of them by the day."""

DAY = timedelta(days=1)
LATE = timedelta(minutes=15)
"""Candles of one day are written before those of the next, and Kafka's partitions are not read evenly: a candle may
show up that is older than the newest by so much. Those that gold has already are computed again and found equal."""
LATE_AT_START = timedelta(days=1)  # whatever raced with the end of the process before


@dataclass(frozen=True)
class Mark:
    """How far one input is in gold: the newest ingestion time (naive, UTC) and, where candles have one, offset."""

    ingested_at: datetime
    offset: int = -1

    def advanced(self, other: Mark) -> Mark:
        """Return the newer of each."""
        return Mark(max(self.ingested_at, other.ingested_at), max(self.offset, other.offset))


@dataclass(frozen=True)
class Progress:
    """What gold's newest snapshot says of itself: its revision, and a mark for each input, by the table's name."""

    revision: int = 0
    marks: Mapping[str, Mark] = field(default_factory=dict)

    def to_json(self) -> str:
        """Return the snapshot property's text."""
        marks = {name: [mark.ingested_at.isoformat(), mark.offset] for name, mark in self.marks.items()}
        return json.dumps({"revision": self.revision, "marks": marks})

    @classmethod
    def from_json(cls, text: str | None) -> Progress:
        """Read it; None is the beginning."""
        if text is None:
            return cls()
        fields = json.loads(text)
        marks = {name: Mark(datetime.fromisoformat(time), offset) for name, (time, offset) in fields["marks"].items()}
        return cls(fields["revision"], marks)

    def advanced(self, marks: Mapping[str, Mark]) -> Progress:
        """Return the progress after these marks were reached."""
        return Progress(
            self.revision, {**self.marks, **{n: self.marks.get(n, m).advanced(m) for n, m in marks.items()}}
        )


@dataclass(frozen=True)
class News:
    """New candles: how many, the minutes they concern as ranges, the marks that are reached with them.

    `is_all` says that no further ones wait.
    """

    count: int
    touched: tuple[TimeRange, ...]
    marks: Mapping[str, Mark]
    is_all: bool


def find_news(spark: SparkSession, progress: Progress, late: timedelta = LATE) -> News:
    """Return what is new since `progress`, the `MAX_NEW` that arrived first where there are many more."""
    limit = _offset_limit(spark, progress)
    new = read_new(spark, progress, late, limit)
    days = _days(new)
    if limit is not None and all(row["input"] != BITCOIN_DATA.name for row in days):  # all of them were rejected
        limit, new = None, read_new(spark, progress, late)
        days = _days(new)
    count = sum(row["count"] for row in days)
    is_all = limit is None and count <= 2 * MAX_NEW
    if count > 2 * MAX_NEW:
        cut = new.agg(F.percentile_approx("arrived", F.lit(MAX_NEW / count))).collect()[0][0]
        new = new.where(F.col("arrived") <= cut)
        days = _days(new)
        count = sum(row["count"] for row in days)
    return News(count, _touched(new, days, count), _marks(days), is_all)


def read_new(spark: SparkSession, progress: Progress, late: timedelta, limit: int | None = None) -> DataFrame:
    """Return the new candles' `input`, `minute`, `ingested_at`, `offset`, and `arrived` (us since 1970).

    Trades' candles are told by time alone; of those that come from Kafka, which has one partition for them, any that
    has a higher offset or a later time: a clock may be set back, and a topic recreated. Where `limit` is given, only
    offsets up to it: Iceberg then skips the files of later ones.
    """
    trades = spark.table(CANDLES_1M.full_name).where(F.col("product_id").like(BITCOIN_PRODUCTS))
    given = spark.table(BITCOIN_DATA.full_name)
    if mark := progress.marks.get(CANDLES_1M.name):
        trades = trades.where(F.col("last_ingested_at") > moment(mark.ingested_at - late))
    if mark := progress.marks.get(BITCOIN_DATA.name):
        given = given.where((F.col("offset") > mark.offset) | (F.col("ingested_at") > moment(mark.ingested_at)))
    if limit is not None:
        given = given.where(F.col("offset") <= limit)
    no_offset = F.lit(-1).cast("bigint")
    return _narrow(trades, CANDLES_1M.name, F.col("last_ingested_at"), no_offset).unionByName(
        _narrow(given, BITCOIN_DATA.name, F.col("ingested_at"), F.col("offset"))
    )


def _offset_limit(spark: SparkSession, progress: Progress) -> int | None:
    """Return the offset up to which the new candles are about `MAX_NEW`; None where no more of them are known of."""
    mark = progress.marks.get(BITCOIN_DATA.name)
    limit = (-1 if mark is None else mark.offset) + MAX_NEW
    newest = spark.table(BITCOIN_DATA.full_name).agg(F.max("offset")).collect()[0][0]  # Iceberg's metadata say it
    return limit if newest is not None and newest > limit else None


def affected(touched: Iterable[TimeRange]) -> tuple[TimeRange, ...]:
    """Return the minutes whose windows hold a touched one, in few ranges: larger ones where they scatter."""
    return in_few(TimeRange(part.start, part.end + REACH) for part in touched)


def _narrow(candles: DataFrame, name: str, ingested_at: Column, offset: Column) -> DataFrame:
    return candles.select(
        F.lit(name).alias("input"),
        "minute",
        ingested_at.alias("ingested_at"),
        offset.alias("offset"),
        F.unix_micros(ingested_at.cast("timestamp")).alias("arrived"),
    )


def _days(new: DataFrame) -> list[Row]:
    return (
        new.groupBy("input", F.date_trunc("day", "minute").cast(TIMESTAMP).alias("day"))
        .agg(F.count("*").alias("count"), F.max("ingested_at").alias("ingested_at"), F.max("offset").alias("offset"))
        .collect()
    )


def _touched(new: DataFrame, days: list[Row], count: int) -> tuple[TimeRange, ...]:
    if count > FEW:
        return merged(TimeRange(row["day"], row["day"] + DAY) for row in days)
    minutes = [row["minute"] for row in new.select("minute").distinct().collect()] if count else []
    return merged(TimeRange(minute, minute + MINUTE) for minute in minutes)


def _marks(days: list[Row]) -> dict[str, Mark]:
    marks: dict[str, Mark] = {}
    for row in days:
        mark = Mark(row["ingested_at"], row["offset"])
        marks[row["input"]] = marks.get(row["input"], mark).advanced(mark)
    return marks
