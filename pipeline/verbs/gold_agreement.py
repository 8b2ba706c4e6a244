"""Do Iceberg, PostgreSQL and the bucket hold the same gold? Counted and summed up by each place's own engine.

Sums are exact: of decimals as they are, of floating point numbers by their bits, each weighted by its minute, so that
values that changed places show, too.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from decimal import Context, Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline.presto import Presto
from pipeline.serving.bucket import Bucket
from pipeline.serving.clients import connect_owner
from pipeline.serving.gold_bucket import FOLDER
from pipeline.serving.gold_postgres import postgres_faults
from pipeline.settings.serving import BucketSettings, PostgresSettings, ServingSettings
from pipeline.tables.columns import OHLCV
from pipeline.tables.gold import WINDOWS_MIN
from pipeline.verbs.readback import load_sql

if TYPE_CHECKING:
    import pyarrow as pa

Month = tuple[str, str]
"""A product and a month, such as 2021-03."""
Sums = tuple[int, ...]
"""Rows, and exact sums: of decimals in units of 10^-18."""

READS = 8  # objects read at a time
EXACT = Context(prec=80)
DECIMALS = tuple(column.name for column in OHLCV)
DOUBLES = (*(f"ma_{n}" for n in WINDOWS_MIN), *(f"volatility_{n}" for n in WINDOWS_MIN))
WEIGHTS = 997
STATEMENT = Path(__file__).with_name("sql") / "gold_months_postgres.sql"


@dataclass(frozen=True)
class Differences:
    """The rows in Iceberg, and a line for each month that differs."""

    rows: int
    lines: Mapping[Month, str]

    def common(self, later: Differences) -> dict[Month, str]:
        """Return the later lines of months that differed before, too."""
        return {month: line for month, line in later.lines.items() if month in self.lines}


def compare(presto: Presto, serving: ServingSettings) -> Differences:
    """Compare the three places.

    Raises:
        PrestoUnreachableError: Presto does not answer.
        SinkError: one of the others does not.
    """
    places = {
        "Iceberg": in_iceberg(presto),
        "PostgreSQL": in_postgres(serving.postgres),
        "the bucket": in_bucket(serving.bucket),
    }
    return differences(places)


def differences(places: Mapping[str, Mapping[Month, Sums]]) -> Differences:
    """Return where they differ."""
    lines = {}
    for month in sorted({month for place in places.values() for month in place}):
        found = {name: place.get(month, (0,)) for name, place in places.items()}
        if len(set(found.values())) > 1:
            counts = ", ".join(f"{name} {sums[0]:,} rows" for name, sums in found.items())
            same = " with other values" if len({sums[0] for sums in found.values()}) == 1 else ""
            lines[month] = f"{month[0]} {month[1]} differs: {counts}{same}"
    return Differences(sum(sums[0] for sums in places["Iceberg"].values()), lines)


def in_iceberg(presto: Presto) -> dict[Month, Sums]:
    """Return the table's months, summed up by Presto."""
    return _months(presto.rows(load_sql("gold_months")))


def in_postgres(postgres: PostgresSettings) -> dict[Month, Sums]:
    """Return the database's months, summed up by it."""
    with postgres_faults(postgres), connect_owner(postgres) as connection:
        return _months(connection.execute(STATEMENT.read_text(encoding="utf-8")).fetchall())


def in_bucket(settings: BucketSettings) -> dict[Month, Sums]:
    """Return the bucket's months, summed up here, a few objects at a time."""
    bucket = Bucket(settings)
    months: defaultdict[Month, list[int]] = defaultdict(lambda: [0] * (2 + len(DECIMALS) + len(DOUBLES)))
    with ThreadPoolExecutor(READS) as pool:
        for month, sums in pool.map(lambda key: _object_sums(bucket, key), bucket.keys(FOLDER)):
            months[month] = [total + part for total, part in zip(months[month], sums, strict=True)]
    return {month: tuple(sums) for month, sums in months.items()}


def _object_sums(bucket: Bucket, key: str) -> tuple[Month, Sums]:
    _, product, date, _ = key.split("/")
    rows = bucket.read(key, ["minute", "revision", *DECIMALS, *DOUBLES])
    return (product.partition("=")[2], date.partition("=")[2][:7]), row_sums(rows)


def row_sums(rows: pa.Table) -> Sums:
    """Return the sums of some rows of gold."""
    minutes = [int(minute.timestamp()) // 60 for minute in _utc(rows["minute"])]
    weights = [minute % WEIGHTS + 1 for minute in minutes]
    decimals = (sum(map(_units, rows[name].to_pylist())) for name in DECIMALS)
    doubles = (sum(bits * weight for bits, weight in zip(_bits(rows[name]), weights, strict=True)) for name in DOUBLES)
    return (rows.num_rows, sum(rows["revision"].to_pylist()), *decimals, *doubles)


def _units(value: Decimal | str) -> int:
    return int(EXACT.scaleb(Decimal(value), 18))


def _utc(minutes: pa.ChunkedArray) -> Iterable[Any]:
    import pyarrow as pa

    return minutes.cast(pa.timestamp("us", "UTC")).to_pylist()  # type: ignore[no-any-return]


def _bits(values: pa.ChunkedArray) -> list[int]:
    """Return the bits of doubles as whole numbers, 0 for null."""
    import numpy as np

    filled = values.fill_null(0.0).to_numpy()
    return np.ascontiguousarray(filled, dtype=np.float64).view(np.int64).tolist()  # type: ignore[no-any-return]


def _months(rows: Iterable[Iterable[Any]]) -> dict[Month, Sums]:
    months = {}
    for product, month, count, revisions, *sums in rows:
        decimals = map(_units, sums[: len(DECIMALS)])
        doubles = (int(value) for value in sums[len(DECIMALS) :])
        months[product, month] = (int(count), int(revisions), *decimals, *doubles)
    return months
