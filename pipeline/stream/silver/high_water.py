"""How far a table reaches, per coin and source: what lies beyond that mark cannot be in the table yet.

Live prices lie beyond the mark nearly always, so deduplicating them against the whole table costs nothing; only what
is at or below the mark (history, repeats, late rows) is compared with the table, in the stretch of time concerned.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from pipeline.tables.model import Table

Group = tuple[str, str]
"""Coin and source."""


@dataclass(frozen=True)
class Span:
    """The first and last event_time of some rows (naive, UTC)."""

    first: datetime
    last: datetime


@dataclass(frozen=True)
class BatchSummary:
    """What a micro-batch holds: the span of its clean rows by coin and source, and how many records are rejects.

    `has_repeats` says that two clean rows have the same coin, time and source.
    """

    number: int
    spans: dict[Group, Span]
    rejects: int
    has_repeats: bool


class HighWaterMarks:
    """The newest event_time in the table for each coin and source."""

    def __init__(self, spark: SparkSession, table: Table) -> None:
        marks = spark.table(table.full_name).groupBy("coin", "source").agg(F.max("event_time").alias("last")).collect()
        self._marks: dict[Group, datetime] = {(row["coin"], row["source"]): row["last"] for row in marks}

    def overlap(self, spans: dict[Group, Span]) -> dict[Group, Span]:
        """Return the part of the spans that lies at or below the marks, where rows may be in the table already."""
        return {
            group: Span(span.first, min(span.last, self._marks[group]))
            for group, span in spans.items()
            if group in self._marks and span.first <= self._marks[group]
        }

    def raise_to(self, spans: dict[Group, Span]) -> None:
        """Note that the rows of these spans are in the table now."""
        for group, span in spans.items():
            self._marks[group] = max(span.last, self._marks.get(group, span.last))


def summarise(observations: DataFrame, number: int) -> BatchSummary:
    """Count a batch's rejects and find the spans of its clean rows, in one pass; a handful of rows reach the driver."""
    found = (
        observations.groupBy("coin", "source", F.col("reason").isNotNull().alias("rejected"))
        .agg(
            F.count("*").alias("rows"),
            F.min("event_time").alias("first"),
            F.max("event_time").alias("last"),
            F.size(F.collect_set("event_time")).alias("times"),
        )
        .collect()
    )
    clean = [row for row in found if not row["rejected"]]
    return BatchSummary(
        number=number,
        rejects=sum(row["rows"] for row in found if row["rejected"]),
        spans={(row["coin"], row["source"]): Span(row["first"], row["last"]) for row in clean},
        has_repeats=any(row["rows"] > row["times"] for row in clean),
    )
