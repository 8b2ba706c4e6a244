"""Comparing gold's three places: which months differ, and by what."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

import pyarrow as pa
import pytest

from pipeline.verbs.gold_agreement import DECIMALS, DOUBLES, Month, Sums, differences, row_sums

MARCH, APRIL = ("BTC-USD", "2021-03"), ("BTC-USD", "2021-04")


def places(**changed: dict[Month, Sums]) -> dict[str, dict[Month, Sums]]:
    same: dict[Month, Sums] = {MARCH: (10, 5), APRIL: (3, 5)}
    return {"Iceberg": same, "PostgreSQL": changed.get("postgres", same), "the bucket": changed.get("bucket", same)}


def test_equal_places_have_no_differences() -> None:
    found = differences(places())
    assert (found.rows, dict(found.lines)) == (13, {})


def test_a_month_is_named_that_lacks_rows_or_has_others() -> None:
    found = differences(places(postgres={MARCH: (10, 5), APRIL: (3, 6)}, bucket={MARCH: (9, 5), APRIL: (3, 5)}))
    assert found.lines == {
        MARCH: "BTC-USD 2021-03 differs: Iceberg 10 rows, PostgreSQL 10 rows, the bucket 9 rows",
        APRIL: "BTC-USD 2021-04 differs: Iceberg 3 rows, PostgreSQL 3 rows, the bucket 3 rows with other values",
    }


def test_a_month_that_is_missing_or_too_many_is_named() -> None:
    assert set(differences(places(postgres={MARCH: (10, 5)})).lines) == {APRIL}
    assert set(differences(places(bucket={MARCH: (10, 5), APRIL: (3, 5), ("X", "2021-05"): (1, 1)})).lines) == {
        ("X", "2021-05")
    }


def test_only_what_differs_twice_differs() -> None:
    first, later = differences(places(postgres={APRIL: (3, 5)})), differences(places(postgres={MARCH: (10, 5)}))
    assert first.common(later) == {}
    assert first.common(first) == dict(first.lines)


def rows(**changed: object) -> pa.Table:
    minutes = [datetime(2021, 3, 1) + timedelta(minutes=n) for n in range(3)]
    columns: dict[str, object] = {"minute": minutes, "revision": [1, 1, 2]}
    columns |= {name: pa.array([Decimal("1.5")] * 3, pa.decimal128(38, 18)) for name in DECIMALS}
    columns |= {name: pa.array([None, 1.0, 2.0], pa.float64()) for name in DOUBLES}
    return pa.table(columns | changed)


@pytest.mark.parametrize(
    "changed",
    [
        {"volatility_30": pa.array([None, 1.0, 2.0000000000000004], pa.float64())},  # the last bit
        {"ma_5": pa.array([None, 2.0, 1.0], pa.float64())},  # two values that changed places
        {"close": pa.array([Decimal("1.5"), Decimal("1.5"), Decimal("1.500000000000000001")], pa.decimal128(38, 18))},
        {"revision": [1, 1, 3]},
    ],
)
def test_every_bit_counts(changed: dict[str, object]) -> None:
    assert row_sums(rows()) == row_sums(rows())
    assert row_sums(rows(**changed)) != row_sums(rows())
