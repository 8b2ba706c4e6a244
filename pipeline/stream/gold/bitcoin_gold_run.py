"""Keeping gold.bitcoin_gold_data up to its inputs: new candles and all that they change, in one commit a run."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from datetime import timedelta
from functools import reduce

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from pipeline.spark.appending import load_table
from pipeline.spark.planning import exact_session, set_compiled
from pipeline.spark.progress_mark import PROGRESS, read_progress
from pipeline.spark.replacing import in_partitions, next_month, overwrite_sorted, whole_partitions
from pipeline.spark.time_ranges import TimeRange, merged, within
from pipeline.stream.gold.bitcoin_candles import read_candles
from pipeline.stream.gold.bitcoin_gold_data import to_gold
from pipeline.stream.gold.bitcoin_gold_news import (
    FEW,
    LATE,
    LATE_AT_START,
    News,
    Progress,
    affected,
    find_news,
)
from pipeline.stream.gold.bitcoin_neighbours import with_followers, with_look_back
from pipeline.tables.gold import BITCOIN_GOLD
from pipeline.tables.silver import BITCOIN_DATA, CANDLES_1M

log = logging.getLogger(__name__)

KEY = list(BITCOIN_GOLD.key)
VALUES = [name for name in BITCOIN_GOLD.column_names if name != "revision"]
Snapshots = tuple[int | None, ...]


class BitcoinGold:
    """Computes what the inputs have gained; one of it, called by one thread at a time.

    A run reads the new candles, the look-back before them and the months they are in, whatever else the tables hold.
    """

    def __init__(self, spark: SparkSession) -> None:
        self._spark = exact_session(spark)
        self._progress: Progress | None = None
        self._seen: Snapshots | None = None

    def run(self) -> int:
        """Bring gold up to the inputs, or nearer to them where much is new; return the number of rows written.

        Call it again until `is_done`. Its progress is committed with the rows: a crash before or after changes nothing.
        """
        snapshots = self._snapshots()
        if snapshots == self._seen:
            return 0
        started = time.monotonic()
        progress, late = self._progress, LATE
        if progress is None:  # the first run, or the one before failed, perhaps after its commit
            progress, late = Progress.from_json(read_progress(self._spark, BITCOIN_GOLD)), LATE_AT_START
        self._progress = None
        rows = self._bring_up(progress, late, snapshots)
        if rows:
            log.info("%s: %d rows in %.1f s", BITCOIN_GOLD.full_name, rows, time.monotonic() - started)
        return rows

    @property
    def is_done(self) -> bool:
        """Whether the last run left nothing waiting that was there when it began."""
        return self._seen is not None

    def _bring_up(self, progress: Progress, late: timedelta, snapshots: Snapshots) -> int:
        set_compiled(self._spark, False)
        news = find_news(self._spark, progress, late)
        reached = progress.advanced(news.marks)
        rows = self._write(news, reached) if news.count else 0
        self._progress = Progress(reached.revision + bool(rows), reached.marks)
        self._seen = snapshots if news.is_all else None
        return rows

    def _write(self, news: News, reached: Progress) -> int:
        set_compiled(self._spark, news.count > FEW)
        candles = read_candles(self._spark)
        ranges = with_followers(candles, affected(news.touched))
        following = Progress(reached.revision + 1, reached.marks)
        mark = {PROGRESS: following.to_json()}
        if news.count > FEW:
            return self._rewrite(candles, ranges, mark, following.revision)
        known = self._spark.table(BITCOIN_GOLD.full_name).where(within("minute", ranges))
        changed = changed_rows(fresh_rows(candles, ranges, following.revision), known).localCheckpoint()
        count = changed.count()
        if count:
            kept = self._kept(ranges).join(F.broadcast(changed.select(*KEY)), on=KEY, how="left_anti")
            rows = kept.select(*BITCOIN_GOLD.column_names).unionByName(changed).coalesce(1)
            overwrite_sorted(rows, BITCOIN_GOLD, mark)
        return count

    def _rewrite(self, candles: DataFrame, ranges: tuple[TimeRange, ...], mark: dict[str, str], revision: int) -> int:
        """Write whole ranges; the months are shared out over half of the task slots."""
        parts = []
        for share in shares(ranges, max(1, self._spark.sparkContext.defaultParallelism // 2)):
            kept = self._kept(share).where(~within("minute", share))
            fresh = fresh_rows(candles, share, revision)
            parts.append(kept.select(*BITCOIN_GOLD.column_names).unionByName(fresh).coalesce(1))
        overwrite_sorted(reduce(DataFrame.unionByName, parts), BITCOIN_GOLD, mark)
        added = load_table(self._spark, BITCOIN_GOLD).currentSnapshot().summary().get("added-records")
        return int(added or 0)

    def _kept(self, ranges: Sequence[TimeRange]) -> DataFrame:
        return self._spark.table(BITCOIN_GOLD.full_name).where(in_partitions(BITCOIN_GOLD, ranges))

    def _snapshots(self) -> Snapshots:
        tables = (load_table(self._spark, table).currentSnapshot() for table in (CANDLES_1M, BITCOIN_DATA))
        return tuple(None if snapshot is None else int(snapshot.snapshotId()) for snapshot in tables)


def fresh_rows(candles: DataFrame, ranges: Sequence[TimeRange], revision: int) -> DataFrame:
    """Compute the rows of these ranges, as one task: what one task needs is not shuffled."""
    region = with_look_back(candles, ranges)
    rows = to_gold(region.candles.coalesce(1), revision, is_one_series=region.is_one_series)
    return rows.where(within("minute", ranges))


def changed_rows(fresh: DataFrame, known: DataFrame) -> DataFrame:
    """Return the fresh rows that differ from the known ones in more than their revision."""
    same = reduce(Column.__and__, (F.col(f"fresh.{name}").eqNullSafe(F.col(f"known.{name}")) for name in VALUES))
    joined = fresh.alias("fresh").join(known.alias("known"), on=same, how="left_anti")
    return joined.select(*BITCOIN_GOLD.column_names)


def shares(ranges: Sequence[TimeRange], count: int) -> list[tuple[TimeRange, ...]]:
    """Share ranges out so that no month is in two shares, each about as long as the others."""
    months = [part for whole in ranges for part in _by_month(whole)]
    ends = sorted({whole_partitions(part, "months").start for part in months})
    size = -(-len(ends) // count)
    place = {month: number // size for number, month in enumerate(ends)}
    found: dict[int, list[TimeRange]] = {}
    for part in months:
        found.setdefault(place[whole_partitions(part, "months").start], []).append(part)
    return [merged(found[number]) for number in sorted(found)]


def _by_month(part: TimeRange) -> list[TimeRange]:
    found, start = [], part.start
    while start < part.end:
        end = min(next_month(start.replace(hour=0, minute=0, second=0, microsecond=0)), part.end)
        found.append(TimeRange(start, end))
        start = end
    return found
