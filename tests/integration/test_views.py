"""The views for people, through Presto, and removing a source beside the running streams."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from pathlib import Path

import pytest

from analysis.lake import SQL_DIR
from pipeline.tables import views
from tests.support.stack import Stack

DAILY = "iceberg.gold.daily_prices"
HEADER = "snapped_at,price,market_cap,total_volume"
PRICE_TABLES = ("iceberg.silver.coin_prices", "hive.crypto.coin_data")


@pytest.mark.parametrize("name", views.NAMES)
def test_every_view_can_be_read(stack: Stack, name: str) -> None:
    assert stack.count(f"{views.SCHEMA}.{name}") > 0


def test_daily_prices_are_those_of_the_file_one_a_day(stack: Stack) -> None:
    where = "coin = 'bitcoin' AND day <= DATE '2026-01-12'"  # other tests' prices are newer
    assert stack.presto(f"SELECT DISTINCT source FROM {DAILY} WHERE {where}") == [("csv_coingecko",)]
    days = stack.presto(f"SELECT count(*), count(DISTINCT day), CAST(max(day) AS varchar) FROM {DAILY} WHERE {where}")
    assert days == [(4641, 4641, "2026-01-12")]


def test_latest_prices_have_one_row_a_coin(stack: Stack) -> None:
    coins = stack.presto("SELECT coin FROM iceberg.gold.latest_prices ORDER BY 1")
    assert coins == [(coin,) for coin in sorted(stack.settings.markets.coins)]


def test_a_day_of_candles_adds_up_to_its_minutes(stack: Stack) -> None:
    product = stack.settings.markets.products[0]
    where = f"product_id = '{product}' AND day < CURRENT_DATE"
    minutes = stack.presto(f"SELECT sum(minutes), sum(trades) FROM iceberg.gold.candles_1d WHERE {where}")
    in_table = f"product_id = '{product}' AND CAST(minute AS date) < CURRENT_DATE"
    assert minutes == stack.presto(
        f"SELECT nullif(count(*), 0), sum(trades) FROM iceberg.silver.candles_1m WHERE {in_table}"
    )


@pytest.mark.parametrize("file", sorted(SQL_DIR.glob("*.sql")), ids=lambda file: file.stem)
def test_every_shipped_statement_runs_from_the_command_line(stack: Stack, file: Path) -> None:
    rows = presto_rows(stack, "--file", str(file))
    assert len(rows[0]) > 1 or file.stem.startswith("known_"), "a line of column names comes first"


def presto_rows(stack: Stack, *arguments: str) -> Sequence[Sequence[str]]:
    """Return what `presto.sh` prints, without what Java says on stderr."""
    printed = stack.script("analysis/scripts/presto.sh", *arguments)
    return [row for row in csv.reader(io.StringIO(printed)) if row]  # a slow one shows its progress, then a blank line


def test_a_mistaken_file_is_removed_and_the_right_one_taken_in(stack: Stack, tmp_path: Path) -> None:
    file = tmp_path / "ethereum.csv"
    file.write_text(f"{HEADER}\n2020-01-01 00:00:00 UTC,1,,\n2021-01-01 00:00:00 UTC,2,,\n")
    load = ("pipeline/init/init_coin_data.sh", "--csv", str(file), "--coin", "eth")
    mistaken = "coin = 'ethereum' AND source = 'csv_coingecko'"
    for _ in range(2):
        stack.script(*load, seconds=300)
        assert [stack.count(table, mistaken) for table in PRICE_TABLES] == [2, 2]
        arguments = ("--source", "csv_coingecko", "--coin", "ethereum", "--yes")
        assert "2 rows" in stack.script("pipeline/scripts/remove_source.sh", *arguments, seconds=300)
        assert [stack.count(table, mistaken) for table in PRICE_TABLES] == [0, 0]
    assert stack.count(PRICE_TABLES[0], "coin = 'bitcoin' AND source = 'csv_coingecko'") == 4642
