"""Dropping whole partitions of an Iceberg table that have outlived their time: only metadata is written."""

from __future__ import annotations

import logging
from datetime import datetime, timedelta

from pyspark.sql import SparkSession

from pipeline.spark.appending import load_table
from pipeline.spark.closed_partitions import closed_partitions
from pipeline.spark.jvm import java_class
from pipeline.spark.maintenance import LOCKS, newest_marks
from pipeline.tables.model import Table

log = logging.getLogger(__name__)


def drop_expired(spark: SparkSession, table: Table, days: int, now: datetime) -> int:
    """Delete the partitions that ended `days` before `now` (naive, UTC) or earlier; return how many rows they had.

    The commit carries the newest marks of the queries that append: expiry may take away the snapshots that hold them.
    """
    last_end = now - timedelta(days=days)
    with LOCKS[table.full_name]:  # a compaction of these files would fail
        expired = [partition for partition in closed_partitions(spark, table, now) if partition.times.end <= last_end]
        if expired:
            _delete_before(spark, table, expired[-1].times.end)
    rows = sum(partition.rows for partition in expired)
    if expired:
        log.info("%s: dropped %d rows from before %s", table.full_name, rows, expired[-1].times.end)
    return rows


def _delete_before(spark: SparkSession, table: Table, end: datetime) -> None:
    iceberg_table = load_table(spark, table)
    expressions = java_class(spark, "org.apache.iceberg.expressions.Expressions")
    _, column = table.partitioning
    delete = iceberg_table.newDelete().deleteFromRowFilter(expressions.lessThan(column, end.isoformat()))
    for name, value in newest_marks(spark, iceberg_table).items():
        delete.set(name, value)
    delete.commit()
