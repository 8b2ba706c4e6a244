"""How far a table reaches, per source and coin or product: what lies beyond that mark cannot be in the table yet.

Live prices lie beyond the mark nearly always, so deduplicating them against the whole table costs nothing; only what
is at or below the mark (history, repeats, late rows) is compared with the table, in the stretch of time concerned.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import reduce
from operator import or_

from pyspark.sql import Column, DataFrame, Row, SparkSession
from pyspark.sql import functions as F

from pipeline.spark.time_ranges import moment
from pipeline.tables.model import Table

Group = tuple[str, str]
"""The values of a table's key without its time, in the key's order: coin and source, or source and product."""


@dataclass(frozen=True)
class Span:
    """The first and last time of some rows (naive, UTC)."""

    first: datetime
    last: datetime


@dataclass(frozen=True)
class BatchSummary:
    """How many records a micro-batch holds, how many of them are rejects, and the span of the clean rows by group.

    `has_repeats` says that two clean rows have the same key.
    """

    number: int
    records: int
    rejects: int
    spans: dict[Group, Span]
    has_repeats: bool


class HighWaterMarks:
    """The newest time in the table for each group; making it reads the table's key columns once."""

    def __init__(self, spark: SparkSession, table: Table) -> None:
        group, time = split_key(table)
        marks = spark.table(table.full_name).groupBy(*group).agg(F.max(time).alias("last")).collect()
        self._marks: dict[Group, datetime] = {(row[group[0]], row[group[1]]): row["last"] for row in marks}

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


def split_key(table: Table) -> tuple[list[str], str]:
    """Return the columns of a table's group, and the one of its time, by which it is partitioned."""
    time = table.partitioning[1]
    return [name for name in table.key if name != time], time


def within_spans(table: Table, spans: dict[Group, Span]) -> Column:
    """Match the table's rows in the spans; simple enough for Iceberg to skip files by it."""
    (one, other), time = split_key(table)
    return reduce(
        or_,
        (
            (F.col(one) == group[0])
            & (F.col(other) == group[1])
            & F.col(time).between(moment(span.first), moment(span.last))
            for group, span in spans.items()
        ),
    )


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
    return to_summary(found, number)


def to_summary(found: Sequence[Row], number: int) -> BatchSummary:
    """Sum up rows of a group's two columns, `rejected`, `rows`, `first`, `last` and `times`, how many are distinct."""
    clean = [row for row in found if not row["rejected"]]
    return BatchSummary(
        number=number,
        records=sum(row["rows"] for row in found),
        rejects=sum(row["rows"] for row in found if row["rejected"]),
        spans={(row[0], row[1]): Span(row["first"], row["last"]) for row in clean},
        has_repeats=any(row["rows"] > row["times"] for row in clean),
    )
