"""The side threads of the Spark job: they keep Iceberg tables quick and summed up, publish and sweep the Hive table."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterable
from datetime import datetime

from pyspark import InheritableThread
from pyspark.sql import SparkSession

from pipeline.serving.coin_data import CoinDataPublisher
from pipeline.serving.hive_partitions import HivePartitions
from pipeline.serving.removal import SourceRemover
from pipeline.settings import Settings
from pipeline.spark.maintenance import TableKeeper
from pipeline.stream.derived import TradeTables, minutes_to_refresh
from pipeline.tables.catalog import ICEBERG_TABLES
from pipeline.tables.hive import COIN_DATA

log = logging.getLogger(__name__)

MAINTENANCE_S = 10.0
SWEEP_S = 300.0
PUBLISH_S = 5.0
REFRESH_S = 5.0


class TouchedMinutes:
    """The minutes (starts, naive UTC) that got trades since somebody last took them; shared by threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._minutes: set[datetime] = set()

    def note(self, minutes: Iterable[datetime]) -> None:
        """Add minutes."""
        with self._lock:
            self._minutes.update(minutes)

    def take(self) -> set[datetime]:
        """Return them all and forget them."""
        with self._lock:
            taken, self._minutes = self._minutes, set()
            return taken


class Housekeeping:
    """Runs what is due beside the streams, in threads that end with `stop`."""

    def __init__(self, spark: SparkSession, settings: Settings, stop: threading.Event, touched: TouchedMinutes) -> None:
        self._spark = spark
        self._stop = stop
        self._touched = touched
        self._trade_tables: TradeTables | None = None
        self._keepers = [TableKeeper(spark, table) for table in ICEBERG_TABLES]
        self._partitions = HivePartitions(spark, settings, COIN_DATA)
        self._publisher = CoinDataPublisher(spark, settings, self._partitions)
        self._remover = SourceRemover(spark, settings, self._publisher)
        self._registered = False

    def start(self) -> None:
        """Start the threads."""
        for name, interval, task in (
            ("maintenance", MAINTENANCE_S, self.maintain),
            ("publishing", PUBLISH_S, self.publish),
            ("refreshing", REFRESH_S, self.refresh),
            ("sweeping", SWEEP_S, self.sweep),
        ):
            InheritableThread(target=self._loop, args=(name, interval, task), daemon=True).start()

    def maintain(self) -> None:
        """Look after every table once."""
        for keeper in self._keepers:
            keeper.run()

    def publish(self) -> None:
        """Remove what was asked for and publish what silver has gained, once the published table is registered."""
        self._registered = self._registered or self._partitions.table_exists()
        if not self._registered:
            return
        self._remover.run()
        started = time.monotonic()
        if rows := self._publisher.run():
            log.info("published %d rows to %s in %.1f s", rows, COIN_DATA.full_name, time.monotonic() - started)

    def refresh(self) -> None:
        """Bring candles, statistics and coverage up to the trades; the first time also what a crash left undone."""
        if self._trade_tables is None:
            self._touched.note(minutes_to_refresh(self._spark))
            self._trade_tables = TradeTables(self._spark)
        minutes = self._touched.take()
        try:
            self._trade_tables.refresh(minutes)
        except Exception:
            self._touched.note(minutes)  # they are still to be done
            raise

    def sweep(self) -> None:
        """Delete the published table's folders that nobody reads any more."""
        if dropped := self._publisher.drop_old_folders():
            log.info("deleted %d old folders of %s", len(dropped), COIN_DATA.full_name)

    def _loop(self, name: str, interval: float, task: Callable[[], None]) -> None:
        self._spark.sparkContext.setLocalProperty("spark.scheduler.pool", name)
        while not self._stop.wait(interval):
            try:
                task()
            except Exception:
                if not self._stop.is_set():
                    log.exception("%s failed; it is tried again in %.0f s", name, interval)
