"""The views for people, through Presto, and removing a source beside the running streams."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path

import pytest

from analysis.sql_files import SQL_DIR
from analysis.statement import fill
from pipeline.tables import views
from tests.support.stack import Stack

DAILY = "iceberg.gold.daily_prices"
HEADER = "snapped_at,price,market_cap,total_volume"
MARK = "statement of "
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


@pytest.mark.parametrize("name", ["candles", "coverage"], ids=["parameters", "none"])
def test_a_shipped_file_runs_from_the_command_line(stack: Stack, name: str) -> None:
    assert len(presto_rows(stack, "--file", str(SQL_DIR / f"{name}.sql"))[0]) > 1, "a line of column names comes first"


def test_every_shipped_statement_runs_in_the_presto_cli(stack: Stack) -> None:
    """All in one CLI, which takes seconds to start; before each comes a row with its name."""
    files = {file.stem: fill(file.read_text(encoding="utf-8"), ()) for file in sorted(SQL_DIR.glob("*.sql"))}
    statements = [part for name, sql in files.items() for part in (f"VALUES '{MARK}{name}'", sql.strip().rstrip(";"))]
    shown = presto_rows(stack, "--execute", ";\n".join(statements))
    starts = [number for number, row in enumerate(shown) if row[0].startswith(MARK)]
    assert [shown[number][0].removeprefix(MARK) for number in starts] == list(files)
    for number, name in zip(starts, files, strict=True):
        assert len(shown[number + 1]) > 1 or name.startswith("known_"), f"{name}: a line of column names comes first"


def presto_rows(stack: Stack, *arguments: str) -> Sequence[Sequence[str]]:
    """Return what `presto.sh` prints, without what Java says on stderr."""
    printed = stack.printed("analysis/scripts/presto.sh", *arguments)
    return [row for row in csv.reader(io.StringIO(printed)) if row]  # a slow one shows its progress first


def test_a_mistaken_file_is_removed_and_the_right_one_taken_in(stack: Stack, tmp_path: Path) -> None:
    file = tmp_path / "ethereum.csv"
    load = ("pipeline/init/init_coin_data.sh", "--csv", str(file), "--coin", "eth")
    remove = ("pipeline/scripts/remove_source.sh", "--source", "csv_coingecko", "--coin", "ethereum", "--yes")
    in_table = "SELECT price_usd FROM {} WHERE coin = 'ethereum' AND source = 'csv_coingecko' ORDER BY 1"

    def prices() -> list[list[Decimal]]:
        return [[Decimal(price) for (price,) in stack.presto(in_table.format(table))] for table in PRICE_TABLES]

    if prices() != [[], []]:  # a kept lake has those of its last run
        stack.script(*remove, seconds=300)
    write_prices(file, 1, 2)
    stack.script(*load, seconds=300)
    assert prices() == [[1, 2], [1, 2]]
    assert "2 rows" in stack.script(*remove, seconds=300)
    assert prices() == [[], []]
    write_prices(file, 3, 4)
    stack.script(*load, seconds=300)
    assert prices() == [[3, 4], [3, 4]]
    assert stack.count(PRICE_TABLES[0], "coin = 'bitcoin' AND source = 'csv_coingecko'") == 4642


def write_prices(file: Path, *prices: int) -> None:
    """Write a CoinGecko export with a price on each New Year's Day since 2020."""
    days = [f"{2020 + number}-01-01 00:00:00 UTC,{price},," for number, price in enumerate(prices)]
    file.write_text("\n".join([HEADER, *days, ""]))
