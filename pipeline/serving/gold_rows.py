"""The rows of gold.bitcoin_gold_data that a copy of it lacks, read from Iceberg in parts of bounded size."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from pipeline.spark.appending import load_table
from pipeline.spark.time_ranges import TimeRange, few, merged, within
from pipeline.tables.gold import BITCOIN_GOLD
from pipeline.tables.model import TIMESTAMP

if TYPE_CHECKING:
    import pyarrow as pa

PART_ROWS = 200_000  # 40 MB in memory: what is read at a time, and about what a part holds
DAY = timedelta(days=1)
DAY_MINUTES = 1440


@dataclass(frozen=True)
class Day:
    """A day of a product with rows that are new to the copy, and how many of them."""

    product_id: str
    day: datetime
    rows: int


@dataclass(frozen=True)
class Part:
    """The rows of some revisions: those above `after`, up to `revision`."""

    after: int
    revision: int
    days: tuple[Day, ...]


class GoldRows:
    """Reads one snapshot of the table; copies note the table's own id, for a new table begins at revision 1 again."""

    def __init__(self, spark: SparkSession) -> None:
        table = load_table(spark, BITCOIN_GOLD)
        snapshot = table.currentSnapshot()
        self.table_id = str(table.uuid())
        self._spark = spark
        self._snapshot = None if snapshot is None else int(snapshot.snapshotId())

    def parts(self, after: int) -> list[Part]:
        """Return what a copy that holds revision `after` lacks, oldest revisions first."""
        if self._snapshot is None:
            return []
        day = F.date_trunc("day", "minute").cast(TIMESTAMP).alias("day")
        found = self._rows().where(F.col("revision") > after).groupBy("revision", "product_id", day).count().collect()
        by_revision: dict[int, list[Day]] = {}
        for row in found:
            by_revision.setdefault(row["revision"], []).append(Day(row["product_id"], row["day"], row["count"]))
        return list(_parts(by_revision, after))

    def new_rows(self, part: Part) -> Iterator[pa.Table]:
        """Yield the part's rows."""
        new = F.col("revision").between(part.after + 1, part.revision)
        for days in _groups(part.days, [day.rows for day in part.days]):
            yield self._read(days, new)

    def whole_days(self, part: Part) -> Iterator[tuple[Day, pa.Table]]:
        """Yield each day that has rows of the part, with all of its rows in the order of minutes."""
        import pyarrow.compute as pc

        days = sorted({(day.day, day.product_id): day for day in part.days}.items())
        for group in _groups([day for _, day in days], [DAY_MINUTES] * len(days)):
            rows = self._read(group, F.lit(True)).sort_by([("product_id", "ascending"), ("minute", "ascending")])
            for day in group:
                start, end = day.day, day.day + DAY
                inside = pc.and_(pc.greater_equal(rows["minute"], start), pc.less(rows["minute"], end))
                yield day, rows.filter(pc.and_(inside, pc.equal(rows["product_id"], day.product_id)))

    def _read(self, days: Sequence[Day], condition: Column) -> pa.Table:
        ranges = merged(TimeRange(day.day, day.day + DAY) for day in days)
        times = within("minute", few(ranges))
        products = F.col("product_id").isin(*{day.product_id for day in days})
        dates = F.to_date("minute").isin(*{day.day.date() for day in days})
        rows = self._rows().where(times & products & dates & condition)
        return rows.select(*BITCOIN_GOLD.column_names).toArrow()

    def _rows(self) -> DataFrame:
        return self._spark.read.option("snapshot-id", self._snapshot).table(BITCOIN_GOLD.full_name)


def _parts(by_revision: dict[int, list[Day]], after: int) -> Iterator[Part]:
    days: list[Day] = []
    for revision in sorted(by_revision):
        days += by_revision[revision]
        if sum(day.rows for day in days) >= PART_ROWS or revision == max(by_revision):
            yield Part(after, revision, tuple(days))
            after, days = revision, []


def _groups(days: Sequence[Day], sizes: Sequence[int]) -> Iterator[list[Day]]:
    """Yield the days in the order of time, as many together as are about `PART_ROWS` rows."""
    group: list[Day] = []
    rows = 0
    for day, size in sorted(zip(days, sizes, strict=True), key=lambda pair: (pair[0].day, pair[0].product_id)):
        if group and rows + size > PART_ROWS:
            yield group
            group, rows = [], 0
        group.append(day)
        rows += size
    if group:
        yield group
