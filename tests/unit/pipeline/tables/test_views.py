"""The views, run in DuckDB on the tables as they are stated."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipeline.settings import Settings, load_settings
from pipeline.tables import views
from pipeline.tables.coins import COIN_DAILY
from pipeline.tables.silver import CANDLES_1M, COIN_PRICES
from tests.support.lake_tables import create_tables, insert_row

MINUTE = timedelta(minutes=1)
Price = tuple[str, str, str, float]


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings({"COINLAKE_HOME": str(tmp_path), "COINS": "bitcoin,mystery", "COINBASE_PRODUCTS": "BTC-USD"})


@pytest.fixture
def db() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        create_tables(connection, COIN_PRICES, CANDLES_1M, COIN_DAILY)
        yield connection


def add_prices(db: duckdb.DuckDBPyConnection, *prices: Price) -> None:
    for coin, source, time, price in prices:
        insert_row(db, COIN_PRICES, coin=coin, source=source, event_time=at(time), price_usd=Decimal(str(price)))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def rows(db: duckdb.DuckDBPyConnection, settings: Settings, name: str) -> list[dict[str, Any]]:
    result = db.execute(f"SELECT * FROM ({views.select_sql(name, settings)}) ORDER BY ALL")
    return [dict(zip([column[0] for column in result.description], row, strict=True)) for row in result.fetchall()]


def test_every_file_is_a_view_and_every_view_a_file() -> None:
    assert {file.stem for file in Path(views.__file__).parent.glob("*.sql")} == set(views.NAMES)


def test_a_view_is_replaced_so_that_an_edited_one_arrives(settings: Settings) -> None:
    assert views.create_sql("latest_prices", settings).startswith(
        "CREATE OR REPLACE VIEW iceberg.gold.latest_prices AS"
    )


def test_coins_and_products_are_those_of_the_settings(db: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    products = {"COINBASE_PRODUCTS": "BTC-USD,BTC-EUR,SOL-USD,ZZZ-USD"}
    settings = load_settings({"COINLAKE_HOME": str(tmp_path), "COINS": "bitcoin,ripple,mystery", **products})
    found = db.execute(views.select_sql("coins", settings)).fetchall()
    assert found == [
        ("bitcoin", "BTC", "BTC-USD"),
        ("bitcoin", "BTC", "BTC-EUR"),
        ("ripple", "XRP", None),
        ("mystery", None, None),
        ("solana", "SOL", "SOL-USD"),
        (None, "ZZZ", "ZZZ-USD"),
    ]


def test_the_latest_price_is_the_newest_whatever_its_source(db: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    add_prices(
        db,
        ("bitcoin", "simulator", "2026-01-02 10:00", 7.25),
        ("bitcoin", "coingecko", "2026-01-02 09:59", 8),
        ("solana", "coingecko", "2026-01-01", 9),
    )
    bitcoin, solana = rows(db, settings, "latest_prices")
    assert (bitcoin["price_usd"], bitcoin["source"]) == (Decimal("7.2500000000"), "simulator")
    assert bitcoin["event_time"] == at("2026-01-02 10:00")
    assert bitcoin["market_cap_usd"] is None
    assert solana["price_usd"] == 9


def add_candle(db: duckdb.DuckDBPyConnection, minute: str, ohlc: tuple[int, int, int, int], volume: str) -> None:
    names = dict(zip(("open", "high", "low", "close"), map(Decimal, ohlc), strict=True))
    sums = {"volume": Decimal(volume), "turnover": Decimal(ohlc[3]), "trades": 2}
    insert_row(db, CANDLES_1M, source="coinbase", product_id="BTC-USD", minute=at(minute), **names, **sums)


def test_candles_are_widened(db: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    add_candle(db, "2026-01-01 10:59", (5, 9, 4, 6), "0.25")
    add_candle(db, "2026-01-01 10:00", (1, 3, 1, 2), "0.5")
    add_candle(db, "2026-01-01 11:00", (7, 7, 7, 7), "1")
    first, second = rows(db, settings, "candles_1h")
    assert (first["hour"], second["hour"]) == (at("2026-01-01 10:00"), at("2026-01-01 11:00"))
    assert [first[name] for name in ("open", "high", "low", "close")] == [1, 9, 1, 6]
    assert (first["volume"], first["turnover"], first["trades"], first["minutes"]) == (Decimal("0.75"), 8, 4, 2)
    (day,) = rows(db, settings, "candles_1d")
    assert (day["day"], day["open"], day["close"], day["minutes"]) == (date(2026, 1, 1), 1, 7, 3)


def add_days(db: duckdb.DuckDBPyConnection, coin: str, **closes: int) -> None:
    """Add closes by day, `d20250131=100`."""
    for day, close in closes.items():
        insert_row(db, COIN_DAILY, coin=coin, day=date.fromisoformat(day[1:]), close=Decimal(close), source="coingecko")


def test_a_year_returns_its_last_close_over_the_one_before(db: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    add_days(db, "bitcoin", d20220301=50, d20221230=80, d20230601=10, d20231231=100, d20250101=7, d20251230=21)
    add_days(db, "solana", d20250101=4, d20251231=3)
    found = {
        (row["coin"], row["year"]): (row["return_pct"], row["is_partial"])
        for row in rows(db, settings, "yearly_returns")
    }
    assert found == {
        ("bitcoin", 2022): (pytest.approx(60), True),  # from its first close, in March
        ("bitcoin", 2023): (pytest.approx(25), False),
        ("bitcoin", 2025): (None, True),  # there is no close of 2024
        ("solana", 2025): (pytest.approx(-25), False),
    }


def test_a_days_price_is_its_close(db: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    add_days(db, "bitcoin", d20250101=7)
    (day,) = rows(db, settings, "daily_prices")
    assert (day["coin"], day["day"], day["price_usd"], day["source"]) == ("bitcoin", date(2025, 1, 1), 7, "coingecko")
