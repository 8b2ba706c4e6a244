"""How far gold's tables of coins are: what their newest snapshots say of themselves."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import reduce

from pyspark.sql import Column, DataFrame
from pyspark.sql import functions as F

from pipeline.spark.time_ranges import moment

LATE = timedelta(days=1)
"""Kafka's partitions are not read evenly, and its clock may be set back: no price is looked for that reached Kafka so
long before the newest one, so that old files need not be read."""


@dataclass(frozen=True)
class PriceMark:
    """Which prices are in a table: up to which offset of each partition, and when the newest reached Kafka (UTC)."""

    ingested_at: datetime
    offsets: Mapping[int, int]

    def advanced(self, other: PriceMark) -> PriceMark:
        """Return the newer of each."""
        offsets = {n: max(self.offsets.get(n, -1), other.offsets.get(n, -1)) for n in {*self.offsets, *other.offsets}}
        return PriceMark(max(self.ingested_at, other.ingested_at), offsets)

    def is_new(self) -> Column:
        """Match the prices that are not in it; in a recreated topic, whose offsets start again, by their time."""
        beyond = (
            (F.col("partition") == partition) & (F.col("offset") > offset)
            for partition, offset in sorted(self.offsets.items())
        )
        by_time = F.col("ingested_at") > moment(self.ingested_at)
        of_another_partition = ~F.col("partition").isin(sorted(self.offsets))
        is_new = reduce(Column.__or__, beyond, by_time | of_another_partition)
        return (F.col("ingested_at") > moment(self.ingested_at - LATE)) & is_new


def mark_of(prices: DataFrame) -> PriceMark | None:
    """Return the mark that is reached with these prices; None where there is none."""
    newest = prices.groupBy("partition").agg(F.max("ingested_at").alias("time"), F.max("offset").alias("offset"))
    rows = newest.collect()
    if not rows:
        return None
    return PriceMark(max(row["time"] for row in rows), {row["partition"]: row["offset"] for row in rows})


@dataclass(frozen=True)
class DailyProgress:
    """How far `gold.coin_daily` is.

    `revision` numbers its runs, `rebuilt` is the newest one that replaced all rows, `mark` says which prices are in it,
    and `simulated` of each coin whether its simulated prices count.
    """

    revision: int = 0
    rebuilt: int = 0
    mark: PriceMark | None = None
    simulated: Mapping[str, bool] = field(default_factory=dict)

    def to_json(self) -> str:
        """Return the snapshot property's text."""
        mark = None if self.mark is None else [self.mark.ingested_at.isoformat(), list(self.mark.offsets.items())]
        return json.dumps([self.revision, self.rebuilt, mark, dict(self.simulated)])

    @classmethod
    def from_json(cls, text: str | None) -> DailyProgress:
        """Read it; None is the beginning."""
        if text is None:
            return cls()
        revision, rebuilt, mark, simulated = json.loads(text)
        return cls(revision, rebuilt, None if mark is None else _mark(*mark), simulated)

    @property
    def simulated_coins(self) -> list[str]:
        """The coins whose simulated prices count."""
        return sorted(coin for coin, is_simulated in self.simulated.items() if is_simulated)


def _mark(time: str, offsets: Iterable[tuple[int, int]]) -> PriceMark:
    return PriceMark(datetime.fromisoformat(time), {int(partition): int(offset) for partition, offset in offsets})
