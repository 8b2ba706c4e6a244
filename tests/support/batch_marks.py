"""What the snapshots of a table say about the batches that were appended."""

from __future__ import annotations

from pyspark.sql import SparkSession

from pipeline.spark.appending import last_batch, load_table, snapshot_summaries
from pipeline.spark.query_checkpoint import QueryCheckpoint
from pipeline.tables.model import Table


def newest_batch(spark: SparkSession, table: Table, query: str, checkpoint_id: str) -> int:
    """Return the number of the newest batch of a query's checkpoint, -1 where there is none."""
    return last_batch(snapshot_summaries(spark, load_table(spark, table)), query, QueryCheckpoint(checkpoint_id))
