"""Gold for coins, as the driver's threads see it: all of its tables, one after the other, by one thread at a time."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from typing import NamedTuple

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from pipeline.spark.appending import load_table
from pipeline.spark.planning import exact_session
from pipeline.stream.gold.coin_daily_run import CoinDaily
from pipeline.stream.gold.coin_gold_progress import DailyProgress
from pipeline.stream.gold.coin_returns_run import CoinReturns
from pipeline.tables.coins import COIN_DAILY
from pipeline.tables.silver import COIN_PRICES

log = logging.getLogger(__name__)

REST_S = 30.0
"""Between two runs for a few prices, at least: each rewrites the files of the year."""
MOST_BUSY = 0.1
"""The share of the time that such runs may take, however slow the machine is."""
MANY = 300
"""So many new prices are a history that somebody waits for: no rest."""


class Snapshot(NamedTuple):
    """A state of silver: its id, and how many prices it holds."""

    id: int | None
    prices: int


class CoinGold:
    """Computes daily prices and what follows from them."""

    def __init__(self, spark: SparkSession, clock: Callable[[], float] = time.monotonic) -> None:
        self._spark = exact_session(spark)
        self._clock = clock
        self._daily = CoinDaily(self._spark)
        self._returns = CoinReturns(self._spark)
        self._lock = threading.Lock()
        self._seen: Snapshot | None = None
        self._rests_until = clock()

    def run(self) -> int:
        """Bring the tables up to silver; return how many days were written. Without a new price it starts no job."""
        with self._lock:
            snapshot = self._snapshot()
            return 0 if snapshot == self._seen else self._bring_up(self._daily.run, snapshot)

    def run_if_due(self) -> int:
        """Do the same, unless only a few prices are new and the last run was a moment ago."""
        if self._clock() < self._rests_until and self._snapshot().prices - self._seen_prices < MANY:
            return 0
        return self.run()

    def rebuild(self) -> int:
        """Compute all rows, for when prices were removed; return how many days there are."""
        with self._lock:
            return self._bring_up(self._daily.rebuild, self._snapshot())

    def _bring_up(self, daily: Callable[[], DailyProgress], snapshot: Snapshot) -> int:
        started = self._clock()
        self._seen = None
        before = self._daily.progress().revision
        reached = daily()
        self._returns.run(reached)
        took = self._clock() - started
        self._seen, self._rests_until = snapshot, self._clock() + max(REST_S, took * (1 / MOST_BUSY - 1))
        if reached.revision == before:
            return 0
        days = self._spark.table(COIN_DAILY.full_name).where(F.col("revision") == reached.revision).count()
        log.info("%s: %d days in %.1f s", COIN_DAILY.full_name, days, took)
        return days

    @property
    def _seen_prices(self) -> int:
        return 0 if self._seen is None else self._seen.prices

    def _snapshot(self) -> Snapshot:
        snapshot = load_table(self._spark, COIN_PRICES).currentSnapshot()
        if snapshot is None:
            return Snapshot(None, 0)
        return Snapshot(int(snapshot.snapshotId()), int(snapshot.summary().get("total-records") or 0))
