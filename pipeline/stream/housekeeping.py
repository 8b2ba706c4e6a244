"""The side threads of the Spark job: they keep Iceberg tables quick, and publish and sweep the Hive table."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime

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
PUBLISH_REST_S = 5.0
PUBLISH_SHARE = 10  # publishing the live month may take a tenth of the time: after 2 s of work, 20 s of rest


def live_month() -> str:
    """Return the month that live prices fall in, UTC."""
    return datetime.now(UTC).strftime("%Y-%m")


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
        self._not_before = self._live_not_before = 0.0

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
        if not (self._compared or self._ready_to_compare()):
            return
        months = self._take_due()
        if not months:
            return
        started = time.monotonic()
        try:
            rows = coin_data.run(self._spark, self._settings, self._partitions, months)
        except Exception:
            self.note_months(months)  # they are still to be done
            raise
        took = time.monotonic() - started
        log.info("published %d rows of %d months to %s in %.1f s", rows, len(months), COIN_DATA.full_name, took)
        self._plan_next(months, took)

    def _take_due(self) -> frozenset[str]:
        """Take the noted months that may be published now.

        The live month changes all the time and grows: it waits for its share of the time. Other months change when
        history arrives, and somebody waits for it.
        """
        now = time.monotonic()
        live = frozenset({live_month()}) if now < self._live_not_before else frozenset()
        with self._lock:
            due = self._months - live if now >= self._not_before else frozenset()
            self._months -= due
        return due

    def _plan_next(self, published: frozenset[str], took: float) -> None:
        self._not_before = time.monotonic() + PUBLISH_REST_S
        if live_month() in published:
            self._live_not_before = time.monotonic() + max(PUBLISH_REST_S, PUBLISH_SHARE * took)

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
