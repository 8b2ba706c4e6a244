"""The chores of the Spark job: they keep Iceberg tables quick and summed up, publish the Hive table, and make gold."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterable, Mapping
from datetime import datetime

from pyspark import InheritableThread
from pyspark.sql import SparkSession

from pipeline.serving.coin_data import CoinDataPublisher
from pipeline.serving.hive_partitions import HivePartitions
from pipeline.serving.removal import SourceRemover
from pipeline.settings import Settings
from pipeline.stream.chores import RESTING_S, Chore, ChoreRunner
from pipeline.stream.derived import MANY_TRADES, TradeTables, minutes_to_refresh
from pipeline.stream.gold.coin_gold import CoinGold
from pipeline.stream.gold_serving import GoldServing
from pipeline.stream.upkeep import Upkeep
from pipeline.tables.hive import COIN_DATA

log = logging.getLogger(__name__)

SWEEP_S = 300.0
PUBLISH_S = 5.0
REFRESH_S = 5.0
COIN_GOLD_S = 5.0
COIN_GOLD_RESTING_S = 600.0


class TouchedMinutes:
    """The minutes (starts, naive UTC) that got trades since somebody last took them; shared by threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._minutes: set[datetime] = set()
        self._trades = 0

    def note(self, minutes: Iterable[datetime], trades: int) -> None:
        """Add minutes that got so many trades in all."""
        with self._lock:
            self._minutes.update(minutes)
            self._trades += trades

    def take(self) -> tuple[set[datetime], int]:
        """Return them all, with the number of their new trades, and forget them."""
        with self._lock:
            taken = self._minutes, self._trades
            self._minutes, self._trades = set(), 0
            return taken


class Housekeeping:
    """Runs the chores in threads that end with `stop`: a long compaction delays neither candles nor prices."""

    def __init__(self, spark: SparkSession, chores: Mapping[str, ChoreRunner]) -> None:
        self._spark = spark
        self._runners = chores

    def start(self) -> None:
        """Start the threads."""
        for pool, runner in self._runners.items():
            InheritableThread(target=self._run, args=(pool, runner), name=pool, daemon=True).start()

    def failing(self) -> dict[str, int]:
        """Return how often in succession each failing chore has failed, by name."""
        return {name: count for runner in self._runners.values() for name, count in runner.failing.items()}

    def _run(self, pool: str, runner: ChoreRunner) -> None:
        self._spark.sparkContext.setLocalProperty("spark.scheduler.pool", pool)
        runner.loop()


def chores(spark: SparkSession, settings: Settings, touched: TouchedMinutes) -> dict[str, list[Chore]]:
    """Return all chores, by the pool whose thread does them."""
    coin_gold = CoinGold(spark)
    publisher, upkeep = Publisher(spark, settings, coin_gold), Upkeep(spark, settings)
    publish = Chore(f"publish {COIN_DATA.full_name}", PUBLISH_S, publisher.publish, RESTING_S)
    refresh = Chore("refresh the tables made from trades", REFRESH_S, Refresher(spark, touched).refresh, RESTING_S)
    return {
        "maintenance": [*upkeep.frequent(), Chore(f"sweep {COIN_DATA.full_name}", SWEEP_S, publisher.sweep)],
        "tidying": upkeep.occasional(),
        "publishing": [publish],
        "coins": [Chore("compute gold for coins", COIN_GOLD_S, coin_gold.run_if_due, COIN_GOLD_RESTING_S)],
        "refreshing": [refresh],
        "serving": GoldServing(spark, settings, coin_gold).chores(),
    }


class Publisher:
    """Keeps the published Hive table up to date."""

    def __init__(self, spark: SparkSession, settings: Settings, coin_gold: CoinGold) -> None:
        self._partitions = HivePartitions(spark, settings, COIN_DATA)
        self._coin_data = CoinDataPublisher(spark, settings, self._partitions)
        self._remover = SourceRemover(spark, settings, self._coin_data, coin_gold.rebuild)
        self._registered = False

    def publish(self) -> None:
        """Remove what was asked for and publish what silver has gained, once the published table is registered."""
        self._registered = self._registered or self._partitions.table_exists()
        if not self._registered:
            return
        self._remover.run()
        started = time.monotonic()
        if rows := self._coin_data.run():
            log.info("published %d rows to %s in %.1f s", rows, COIN_DATA.full_name, time.monotonic() - started)

    def sweep(self) -> None:
        """Delete the published table's folders that nobody reads any more."""
        if self._registered and (dropped := self._coin_data.drop_old_folders()):
            log.info("deleted %d old folders of %s", len(dropped), COIN_DATA.full_name)


class Refresher:
    """Keeps what is summed up from trades equal to them."""

    def __init__(self, spark: SparkSession, touched: TouchedMinutes) -> None:
        self._spark = spark
        self._touched = touched
        self._trade_tables: TradeTables | None = None

    def refresh(self) -> None:
        """Bring candles, statistics and coverage up to the trades; the first time also what a crash left undone."""
        if self._trade_tables is None:
            self._touched.note(minutes_to_refresh(self._spark), MANY_TRADES)
            self._trade_tables = TradeTables(self._spark)
        minutes, trades = self._touched.take()
        try:
            self._trade_tables.refresh(minutes, trades)
        except Exception:
            self._touched.note(minutes, trades)  # they are still to be done
            raise
