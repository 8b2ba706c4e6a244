"""Looking after the Iceberg tables: what a table needs every few seconds, and what it needs now and then.

The two have a thread each. A partition of a busy day takes minutes to compact, and in these minutes the manifests of
every table still have to be merged, or queries slow down.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable

from pyspark.sql import SparkSession

from pipeline.settings import Settings
from pipeline.spark.closed_partitions import utc_now
from pipeline.spark.maintenance import TableKeeper
from pipeline.spark.retention import drop_expired
from pipeline.stream.chores import RESTING_S, Chore
from pipeline.stream.step_requests import REQUESTS_S, Step, StepRequests
from pipeline.tables.bronze import BRONZE_EVENTS
from pipeline.tables.catalog import ICEBERG_TABLES
from pipeline.tables.silver import REJECTED_EVENTS

MAINTENANCE_S = 10.0
# A table each time, so each of them two or three times a day,
ORPHANS_S = 3600.0
TIDY_S = 600.0  # and every three hours.
EXPIRED_S = 6 * 3600.0


class Upkeep:
    """All keepers, one a table, and the days that each layer keeps."""

    def __init__(self, spark: SparkSession, settings: Settings) -> None:
        self._spark = spark
        hold = settings.lake.backup_hold
        self._keepers = {table.full_name: TableKeeper(spark, table, hold=hold) for table in ICEBERG_TABLES}
        self._kept = ((BRONZE_EVENTS, settings.lake.bronze_days), (REJECTED_EVENTS, settings.lake.rejected_days))
        self._requests = StepRequests(spark, settings.lake.maintenance_requests, self.steps())

    def frequent(self) -> list[Chore]:
        """Return what keeps tables quick to read; one chore a table, so that none waits for another's repair."""
        return [
            Chore(f"maintain {name}", MAINTENANCE_S, keeper.run, RESTING_S) for name, keeper in self._keepers.items()
        ]

    def occasional(self) -> list[Chore]:
        """Return what may take minutes."""
        return [
            Chore("answer requests for maintenance", REQUESTS_S, self._requests.run),
            Chore("compact closed partitions", TIDY_S, self._in_turn(TableKeeper.tidy)),
            Chore("find orphaned files", ORPHANS_S, self._in_turn(TableKeeper.retire_orphans)),
            Chore("drop expired days", EXPIRED_S, self.drop_expired),
        ]

    def steps(self) -> list[Step]:
        """Return all that a request is for, in order."""
        return [
            Step("rows past their time dropped", self.drop_expired),
            *(Step(f"files compacted away in {name}", keeper.run_now) for name, keeper in self._keepers.items()),
            *(Step(f"orphaned files found in {name}", keeper.retire_orphans) for name, keeper in self._keepers.items()),
        ]

    def drop_expired(self) -> int:
        """Drop what has outlived its time; return the number of rows."""
        return sum(drop_expired(self._spark, table, days, utc_now()) for table, days in self._kept if days)

    def _in_turn(self, work: Callable[[TableKeeper], int]) -> Callable[[], None]:
        # A process that ends every few hours would else never come to the last of them.
        turns = itertools.cycle(random.sample(sorted(self._keepers), len(self._keepers)))

        def run() -> None:
            work(self._keepers[next(turns)])

        return run
