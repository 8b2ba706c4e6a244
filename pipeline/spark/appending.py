"""Appending a micro-batch to an Iceberg table exactly once.

`foreachBatch` may run a batch again after a crash. Each append therefore marks its snapshot with the query's name, its
checkpoint's id and the batch's number, and a batch whose mark is found is skipped. Several queries may append to one
table: each has marks of its own.

A table whose rows are identified by their position in Kafka is also marked with the positions that it reaches: when
the checkpoint was lost, and everything is read again, records below them are dropped. So is one in which the later
record wins: an older one that is read again must not undo it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from pyspark.sql import DataFrame, DataFrameWriterV2, SparkSession

from pipeline.failpoints import reach
from pipeline.spark.jvm import JavaObject, java_class, java_session
from pipeline.spark.positions import Positions, advance, is_beyond, newest_positions, positions_mark, reaches, to_json
from pipeline.spark.query_checkpoint import QueryCheckpoint
from pipeline.tables.columns import TOPIC_ID
from pipeline.tables.model import Table

BATCH_MARK = re.compile(r"coinlake\.(\w+)\.batch")
SINK_MARKS = ("spark.sql.streaming.queryId", "spark.sql.streaming.epochId")
"""With these Iceberg's own streaming sink, which filled bronze once, marks a batch."""


def mark_names(query: str) -> tuple[str, str]:
    """Return the names of the snapshot properties that hold the query's checkpoint id and batch number."""
    return f"coinlake.{query}.checkpoint", f"coinlake.{query}.batch"


class BatchAppender:
    """Writes numbered batches of one query's checkpoint to one table; asks the table once, on the first batch."""

    def __init__(
        self, spark: SparkSession, table: Table, query: str, checkpoint: QueryCheckpoint, *, later_wins: bool = False
    ) -> None:
        """Give `later_wins` where a record replaces earlier ones: the table is then marked with positions, too."""
        self._spark = spark
        self._table = table
        self._query = query
        self._checkpoint = checkpoint
        self._has_positions = later_wins or TOPIC_ID.name in table.column_names
        self._last_batch: int | None = None
        self._reached: Positions = {}  # by the table's rows
        self._read: Positions = {}  # by this process's batches

    def has(self, batch_id: int) -> bool:
        """Return whether this batch is in the table."""
        return batch_id <= self._newest_batch()

    def append(self, rows: DataFrame, batch_id: int) -> None:
        """Append the rows under the batch's mark; does nothing when the batch is there already."""
        if not self.has(batch_id):
            # Where rows do not say their topic's id, whoever gave them has called `beyond`.
            is_identified = TOPIC_ID.name in self._table.column_names
            self._commit(self.beyond(rows) if is_identified else rows, batch_id, lambda writer: writer.append())

    def overwrite(self, rows: DataFrame, batch_id: int) -> None:
        """Put the rows in the place of all that the partitions they are in hold, under the batch's mark."""
        if not self.has(batch_id):
            self._commit(rows, batch_id, lambda writer: writer.overwritePartitions())

    def beyond(self, rows: DataFrame) -> DataFrame:
        """Drop records that the table has seen; once the batches have passed those, nothing is compared any more."""
        self._newest_batch()
        if self._read and reaches(self._read, self._reached):
            return rows
        return rows.where(is_beyond(self._reached))

    def _newest_batch(self) -> int:
        if self._last_batch is None:
            summaries = list(snapshot_summaries(self._spark, load_table(self._spark, self._table)))
            self._last_batch = last_batch(summaries, self._query, self._checkpoint)
            self._reached = newest_positions(summaries, self._query)
        return self._last_batch

    def _commit(self, rows: DataFrame, batch_id: int, write: Callable[[DataFrameWriterV2], None]) -> None:
        checkpoint, batch = mark_names(self._query)
        marks = {checkpoint: self._checkpoint.id, batch: str(batch_id)}
        if self._has_positions:
            self._read = self._checkpoint.ends(batch_id)
            self._reached = advance(self._reached, self._read)
            marks[positions_mark(self._query)] = to_json(self._reached)
        write(with_marks(rows.select(*self._table.column_names).writeTo(self._table.full_name), marks))
        reach(f"{self._query}.{self._table.name}")
        self._last_batch = batch_id


def with_marks(writer: DataFrameWriterV2, marks: Mapping[str, str]) -> DataFrameWriterV2:
    """Have the commit carry these properties in its snapshot."""
    for name, value in marks.items():
        writer = writer.option(f"snapshot-property.{name}", value)
    return writer


def last_batch(summaries: Iterable[Mapping[str, str]], query: str, checkpoint: QueryCheckpoint) -> int:
    """Return the number of the newest batch of this checkpoint in the snapshots' summaries, -1 where there is none.

    All snapshots are asked: maintenance may have carried an older mark on while a batch was being committed.
    """
    known = {mark_names(query): checkpoint.id, SINK_MARKS: checkpoint.spark_id}
    found = (
        int(summary[batch])
        for summary in summaries
        for (name, batch), identity in known.items()
        if identity is not None and summary.get(name) == identity
    )
    return max(found, default=-1)


def load_table(spark: SparkSession, table: Table) -> JavaObject:
    """Return Iceberg's own `Table` object, freshly read from the metastore."""
    loader = java_class(spark, "org.apache.iceberg.spark.Spark3Util")
    return loader.loadIcebergTable(java_session(spark), table.full_name)


def snapshot_summaries(spark: SparkSession, iceberg_table: JavaObject) -> Iterator[dict[str, str]]:
    """Yield the summaries of the table's snapshots from the current one back, as far as they are kept.

    All of the table's metadata comes over at once, as JSON: asking for each snapshot's summary is a thousand calls.
    """
    parser = java_class(spark, "org.apache.iceberg.TableMetadataParser")
    yield from summaries_in(json.loads(parser.toJson(iceberg_table.operations().current())))


def summaries_in(metadata: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    """Yield the summaries of the snapshots in a table's metadata, from the current one back, as far as kept."""
    snapshots = {snapshot["snapshot-id"]: snapshot for snapshot in metadata.get("snapshots", ())}
    snapshot = snapshots.get(metadata.get("current-snapshot-id"))
    while snapshot is not None:
        yield snapshot["summary"]
        snapshot = snapshots.get(snapshot.get("parent-snapshot-id"))
