"""A file of daily prices since 2013, given to the set-up: every row, every digit, in the Hive table."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from tests.support.history import read_export
from tests.support.stack import Stack

TABLE = "hive.crypto.coin_data"
FROM_FILE = "coin = 'bitcoin' AND source LIKE 'csv%'"


def rows_of(stack: Stack, table: str) -> set[tuple[str, Decimal, Decimal | None, Decimal | None]]:
    columns = "CAST(event_time AS varchar), price_usd, market_cap_usd, volume_usd"
    rows = stack.presto(f"SELECT {columns} FROM {table} WHERE {FROM_FILE}")
    return {(time, Decimal(price), *(None if m is None else Decimal(m) for m in money)) for time, price, *money in rows}


@pytest.mark.parametrize("table", [TABLE, "iceberg.silver.coin_prices"])
def test_table_equals_the_file_to_the_last_digit(stack: Stack, history_file: Path, table: str) -> None:
    days = read_export(history_file)
    expected = {(d.event_time, d.price_usd, d.market_cap_usd, d.volume_usd) for d in days}
    assert rows_of(stack, table) == expected
    assert stack.count(table, FROM_FILE) == len(days)


def test_real_export_is_there_whole(stack: Stack, shared_data: Path) -> None:
    assert shared_data.is_dir()
    query = f"SELECT count(*), CAST(min(event_time) AS varchar), CAST(max(event_time) AS varchar) FROM {TABLE}"
    rows = stack.presto(f"{query} WHERE {FROM_FILE}")
    assert rows == [(4642, "2013-04-28 00:00:00.000", "2026-01-13 00:00:00.000")]


def test_date_and_year_are_the_utc_day_and_year(stack: Stack) -> None:
    wrong = "date <> CAST(event_time AS date) OR year <> year(event_time)"
    assert stack.count(TABLE, wrong) == 0


def test_a_query_of_one_year_finds_its_days(stack: Stack) -> None:
    assert stack.count(TABLE, f"{FROM_FILE} AND year = 2013 AND date < DATE '2013-06-01'") == 34
