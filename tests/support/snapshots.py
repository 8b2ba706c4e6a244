"""Expiring a table's snapshots at once, as the maintenance does after a minute."""

from __future__ import annotations

from pyspark.sql import SparkSession

from pipeline.spark.appending import load_table
from pipeline.spark.jvm import java_class
from pipeline.spark.maintenance import expire_snapshots
from pipeline.tables.model import Table

FAR_AHEAD_MS = 1 << 50


def expire_now(spark: SparkSession, table: Table) -> None:
    """Drop all snapshots but the newest few that maintenance keeps; no file is deleted."""
    unneeded = java_class(spark, "java.util.stream.Stream").builder()
    expire_snapshots(load_table(spark, table), FAR_AHEAD_MS, unneeded)
