"""What chores cost on an idle lake: no Spark job and no commit."""

from __future__ import annotations

from datetime import datetime

from pyspark.sql import SparkSession

from pipeline.settings import load_settings
from pipeline.spark.appending import load_table
from pipeline.stream.derived import TradeTables
from pipeline.stream.upkeep import Upkeep
from pipeline.tables.catalog import ICEBERG_TABLES
from tests.support.trade_tables import Trade, add


def jobs(spark: SparkSession) -> int:
    """Return how many jobs the driver has started."""
    return int(spark.sparkContext._jsc.sc().dagScheduler().numTotalJobs())


def versions(spark: SparkSession) -> list[str]:
    return [load_table(spark, table).operations().current().metadataFileLocation() for table in ICEBERG_TABLES]


def test_an_idle_lakes_chores_start_no_job_and_commit_nothing(lake: SparkSession) -> None:
    tables = TradeTables(lake)
    tables.refresh(add(lake, [Trade(1, datetime(2026, 1, 13, 11))]))
    maintain = Upkeep(lake, load_settings()).frequent()
    for chore in maintain:
        chore.run()
    jobs_before, versions_before = jobs(lake), versions(lake)
    for chore in maintain:
        chore.run()
    tables.refresh([])
    assert (jobs(lake) - jobs_before, versions(lake)) == (0, versions_before)
