"""The side threads of the Spark job: they keep Iceberg tables quick, and publish and sweep the Hive table."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

from pyspark import InheritableThread
from pyspark.sql import SparkSession

from pipeline.events.catalog import ICEBERG_TABLES
from pipeline.events.coin_prices import COIN_DATA
from pipeline.serving import coin_data
from pipeline.serving.hive_partitions import HivePartitions
from pipeline.settings import Settings
from pipeline.stream.maintenance import TableKeeper

log = logging.getLogger(__name__)

MAINTENANCE_S = 10.0
SWEEP_S = 300.0
PUBLISH_CHECK_S = 1.0
PUBLISH_REST_S = (5.0, 30.0)  # shortest and longest rest between two publishings
PUBLISH_SHARE = 10  # in between, publishing may take a tenth of the time: after 2 s of work, 20 s of rest


def rest_after(took: float) -> float:
    """Return how long to rest after a publishing that took so many seconds."""
    shortest, longest = PUBLISH_REST_S
    return min(max(shortest, PUBLISH_SHARE * took), longest)


class Housekeeping:
    """Runs maintenance and publishing beside the streams, in threads that end with `stop`."""

    def __init__(self, spark: SparkSession, settings: Settings, stop: threading.Event) -> None:
        self._spark = spark
        self._settings = settings
        self._stop = stop
        self._keepers = [TableKeeper(spark, table) for table in ICEBERG_TABLES]
        self._partitions = HivePartitions(spark, settings, COIN_DATA)
        self._lock = threading.Lock()
        self._months: frozenset[str] = frozenset()
        self._compared = False
        self._not_before = 0.0

    def note_months(self, months: frozenset[str]) -> None:
        """Take note that silver got rows in these months; called by the stream."""
        with self._lock:
            self._months |= months

    def start(self) -> None:
        """Start the threads."""
        for name, interval, task in (
            ("maintenance", MAINTENANCE_S, self.maintain),
            ("publishing", PUBLISH_CHECK_S, self.publish_if_due),
            ("sweeping", SWEEP_S, self.sweep),
        ):
            InheritableThread(target=self._loop, args=(name, interval, task), daemon=True).start()

    def maintain(self) -> None:
        """Look after every table once."""
        for keeper in self._keepers:
            keeper.run()

    def sweep(self) -> None:
        """Delete the published table's folders that nobody reads any more."""
        if dropped := coin_data.drop_old_folders(self._spark, self._settings, self._partitions):
            log.info("deleted %d old folders of %s", len(dropped), COIN_DATA.full_name)

    def publish_if_due(self) -> None:
        """Publish the noted months, unless the last publishing was a moment ago."""
        if time.monotonic() < self._not_before or not (self._compared or self._ready_to_compare()):
            return
        with self._lock:
            months, self._months = self._months, frozenset()
        if not months:
            return
        started = time.monotonic()
        try:
            rows = coin_data.run(self._spark, self._settings, self._partitions, months)
        except Exception:
            self.note_months(months)  # they are still to be done
            raise
        took = time.monotonic() - started
        self._not_before = time.monotonic() + rest_after(took)
        log.info("published %d rows of %d months to %s in %.1f s", rows, len(months), COIN_DATA.full_name, took)

    def _ready_to_compare(self) -> bool:
        """Note what a former process left unpublished, once the table is registered."""
        if not self._partitions.table_exists():
            return False
        self.note_months(coin_data.stale_months(self._spark, self._partitions))
        self._compared = True
        return True

    def _loop(self, name: str, interval: float, task: Callable[[], None]) -> None:
        self._spark.sparkContext.setLocalProperty("spark.scheduler.pool", name)
        while not self._stop.wait(interval):
            try:
                task()
            except Exception:
                if not self._stop.is_set():
                    log.exception("%s failed; it is tried again in %.0f s", name, interval)
