"""How far a table reaches, per coin and source: what lies beyond that mark cannot be in the table yet.

Live prices lie beyond the mark nearly always, so deduplicating them against the whole table costs nothing; only what
is at or below the mark (history, repeats, late rows) is compared with the table, in the stretch of time concerned.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from pipeline.events.model import Table

Group = tuple[str, str]
"""Coin and source."""


@dataclass(frozen=True)
class Span:
    """The first and last event_time of some rows (naive, UTC), and the months they fall in (`2013-04`)."""

    first: datetime
    last: datetime
    months: frozenset[str]


class HighWaterMarks:
    """The newest event_time in the table for each coin and source."""

    def __init__(self, spark: SparkSession, table: Table) -> None:
        marks = spark.table(table.full_name).groupBy("coin", "source").agg(F.max("event_time").alias("last")).collect()
        self._marks: dict[Group, datetime] = {(row["coin"], row["source"]): row["last"] for row in marks}

    def overlap(self, spans: dict[Group, Span]) -> dict[Group, Span]:
        """Return the part of the spans that lies at or below the marks, where rows may be in the table already."""
        return {
            group: Span(span.first, min(span.last, self._marks[group]), span.months)
            for group, span in spans.items()
            if group in self._marks and span.first <= self._marks[group]
        }

    def raise_to(self, spans: dict[Group, Span]) -> None:
        """Note that the rows of these spans are in the table now."""
        for group, span in spans.items():
            self._marks[group] = max(span.last, self._marks.get(group, span.last))


def spans_of(rows: DataFrame) -> dict[Group, Span]:
    """Return the span of each coin and source in the rows; a handful of groups, collected to the driver."""
    found = (
        rows.groupBy("coin", "source")
        .agg(
            F.min("event_time").alias("first"),
            F.max("event_time").alias("last"),
            F.collect_set(month_of("event_time")).alias("months"),
        )
        .collect()
    )
    return {(r["coin"], r["source"]): Span(r["first"], r["last"], frozenset(r["months"])) for r in found}


def month_of(column: str) -> Column:
    """Return the UTC month of a time column as `2013-04`."""
    return F.date_format(column, "yyyy-MM")
