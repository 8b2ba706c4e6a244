"""Presto's rows as pandas columns, each type with a NULL beside a value."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pandas as pd

from analysis.frames import to_frame


def column(presto_type: str, *values: object, exact: bool = False) -> list[Any]:
    frame = to_frame([("x", presto_type)], [[value] for value in values], exact=exact)
    assert list(frame.columns) == ["x"]
    return frame["x"].tolist()


def test_exact_decimals_keep_every_digit() -> None:
    digits = "12345678901234567890.123456789012345678"
    assert column("decimal(38,18)", digits, None, exact=True) == [Decimal(digits), None]


def test_decimals_are_floats_to_calculate_with() -> None:
    price, missing = column("decimal(38,18)", "135.300000000000000000", None)
    assert price == 135.3
    assert pd.isna(missing)


def test_timestamps_are_utc() -> None:
    whole, fraction, zoned, missing = column(
        "timestamp", "2013-04-28 00:00:00.000", "2026-01-13 02:47:24.500", "2020-01-01 01:00:00.000 UTC", None
    )
    assert whole == datetime(2013, 4, 28, tzinfo=UTC)
    assert fraction == datetime(2026, 1, 13, 2, 47, 24, 500_000, tzinfo=UTC)
    assert zoned == datetime(2020, 1, 1, 1, tzinfo=UTC)
    assert missing is pd.NaT


def test_columns_of_nothing_but_nulls() -> None:
    for presto_type in ("timestamp", "date", "decimal(38,18)", "bigint", "double"):
        (missing,) = column(presto_type, None)
        assert pd.isna(missing)


def test_dates_are_days_without_a_zone() -> None:
    assert column("date", "2013-06-05", None) == [pd.Timestamp("2013-06-05"), pd.NaT]


def test_whole_numbers_stay_whole_beside_a_null() -> None:
    frame = to_frame([("n", "bigint")], [[9_007_199_254_740_993], [None]], exact=False)
    assert frame["n"].iloc[0] == 9_007_199_254_740_993  # a float would end in 992
    assert frame["n"].iloc[1] is pd.NA


def test_doubles_and_texts() -> None:
    frame = to_frame([("d", "double"), ("t", "varchar(7)")], [[1.5, "bitcoin"], ["NaN", None]], exact=False)
    assert frame["d"].iloc[0] == 1.5
    assert pd.isna(frame["d"].iloc[1])
    assert frame["t"].tolist() == ["bitcoin", None]


def test_no_rows_keep_their_columns_and_types() -> None:
    columns = [("coin", "varchar"), ("day", "date"), ("price_usd", "decimal(38,18)"), ("observed_at", "timestamp")]
    frame = to_frame(columns, [], exact=False)
    assert list(frame.columns) == ["coin", "day", "price_usd", "observed_at"]
    assert frame["price_usd"].dtype == "float64"
    assert str(frame["observed_at"].dtype) == "datetime64[ns, UTC]"


def test_a_statement_without_a_result_is_an_empty_frame() -> None:
    assert to_frame([], [], exact=True).empty
