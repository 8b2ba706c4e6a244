"""How far a table's inputs are in it: a text in the snapshot that brought the rows, so that a crash parts neither."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pyspark.sql import SparkSession

from pipeline.spark.appending import load_table, snapshot_summaries
from pipeline.tables.model import Table

PROGRESS = "coinlake.progress"
"""The snapshot property; a table that has it has one writer."""


def read_progress(spark: SparkSession, table: Table) -> str | None:
    """Return the newest text, None where there is none."""
    return newest_progress(snapshot_summaries(spark, load_table(spark, table)))


def newest_progress(summaries: Iterable[Mapping[str, str]]) -> str | None:
    """Return the text from summaries, newest first: compactions come without one."""
    return next((summary[PROGRESS] for summary in summaries if PROGRESS in summary), None)
