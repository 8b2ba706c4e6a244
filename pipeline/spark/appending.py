"""Appending a micro-batch to an Iceberg table exactly once.

`foreachBatch` may run a batch again after a crash. Each append therefore marks its snapshot with the query's name, its
checkpoint's id and the batch's number, and a batch whose mark is found is passed over. Several queries may append to
one table: each has marks of its own.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from pyspark.sql import DataFrame, SparkSession

from pipeline.spark.jvm import JavaObject, java_class, java_session
from pipeline.tables.model import Table

BATCH_MARK = re.compile(r"coinlake\.(\w+)\.batch")


def mark_names(query: str) -> tuple[str, str]:
    """Return the names of the snapshot properties that hold the query's checkpoint id and batch number."""
    return f"coinlake.{query}.checkpoint", f"coinlake.{query}.batch"


class BatchAppender:
    """Appends numbered batches of one query's checkpoint to one table."""

    def __init__(self, spark: SparkSession, table: Table, query: str, checkpoint_id: str) -> None:
        self._spark = spark
        self._table = table
        self._query = query
        self._checkpoint_id = checkpoint_id
        self._last_batch: int | None = None

    def has(self, batch_id: int) -> bool:
        """Tell whether this batch is in the table; the table is asked once a process, on the first batch."""
        if self._last_batch is None:
            self._last_batch = last_batch(self._spark, self._table, self._query, self._checkpoint_id)
        return batch_id <= self._last_batch

    def append(self, rows: DataFrame, batch_id: int) -> None:
        """Append the rows under the batch's mark; does nothing when the batch is there already."""
        if self.has(batch_id):
            return
        checkpoint, batch = mark_names(self._query)
        (
            rows.select(*self._table.column_names)
            .writeTo(self._table.full_name)
            .option(f"snapshot-property.{checkpoint}", self._checkpoint_id)
            .option(f"snapshot-property.{batch}", str(batch_id))
            .append()
        )
        self._last_batch = batch_id


def last_batch(spark: SparkSession, table: Table, query: str, checkpoint_id: str) -> int:
    """Return the number of the newest batch of this checkpoint in the table's history, -1 where there is none.

    All snapshots are asked: maintenance may have carried an older mark on while a batch was being committed.
    """
    checkpoint, batch = mark_names(query)
    return max(
        (
            int(summary[batch])
            for summary in snapshot_summaries(spark, load_table(spark, table))
            if summary.get(checkpoint) == checkpoint_id
        ),
        default=-1,
    )


def load_table(spark: SparkSession, table: Table) -> JavaObject:
    """Return Iceberg's own `Table` object, freshly read from the metastore."""
    loader = java_class(spark, "org.apache.iceberg.spark.Spark3Util")
    return loader.loadIcebergTable(java_session(spark), table.full_name)


def snapshot_summaries(spark: SparkSession, iceberg_table: JavaObject) -> Iterator[dict[str, str]]:
    """Yield the summaries of the table's snapshots from the current one back, as far as they are kept.

    All of the table's metadata comes over at once, as JSON: asking for each snapshot's summary is a thousand calls.
    """
    parser = java_class(spark, "org.apache.iceberg.TableMetadataParser")
    metadata = json.loads(parser.toJson(iceberg_table.operations().current()))
    snapshots = {snapshot["snapshot-id"]: snapshot for snapshot in metadata.get("snapshots", ())}
    snapshot = snapshots.get(metadata.get("current-snapshot-id"))
    while snapshot is not None:
        yield snapshot["summary"]
        snapshot = snapshots.get(snapshot.get("parent-snapshot-id"))
