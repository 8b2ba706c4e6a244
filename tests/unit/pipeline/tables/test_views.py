"""The views, run in DuckDB on the tables as they are stated."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from pipeline.settings import Settings, load_settings
from pipeline.tables import views
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
        create_tables(connection, COIN_PRICES, CANDLES_1M)
        yield connection


def add_prices(db: duckdb.DuckDBPyConnection, *prices: Price) -> None:
    for coin, source, time, price in prices:
        insert_row(db, COIN_PRICES, coin=coin, source=source, event_time=at(time), price_usd=Decimal(str(price)))


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)


def rows(db: duckdb.DuckDBPyConnection, settings: Settings, name: str) -> list[dict[str, Any]]:
    result = db.execute(f"SELECT * FROM ({views.select_sql(name, settings)}) ORDER BY ALL")
    return [dict(zip([column[0] for column in result.description], row, strict=True)) for row in result.fetchall()]


def daily(db: duckdb.DuckDBPyConnection, settings: Settings, coin: str = "bitcoin") -> dict[str, tuple[float, str]]:
    found = [row for row in rows(db, settings, "daily_prices") if row["coin"] == coin]
    closes = {str(row["day"]): (float(row["price_usd"]), row["source"]) for row in found}
    assert len(closes) == len(found), "a day is there twice"
    return closes


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


def test_the_price_at_midnight_is_the_close_of_the_day_before(
    db: duckdb.DuckDBPyConnection, settings: Settings
) -> None:
    add_prices(
        db,
        ("bitcoin", "coingecko", "2020-01-01", 1),
        ("bitcoin", "coingecko", "2020-01-02", 2),
        ("bitcoin", "coingecko", "2020-01-02 23:59", 3),
    )
    assert daily(db, settings) == {
        "2019-12-31": (1, "coingecko"),
        "2020-01-01": (2, "coingecko"),
        "2020-01-02": (3, "coingecko"),
    }


def test_coingeckos_old_daily_prices_are_closes_under_their_own_date(
    db: duckdb.DuckDBPyConnection, settings: Settings
) -> None:
    add_prices(
        db,
        ("bitcoin", "csv_coingecko", "2017-12-31", 1),
        ("bitcoin", "coinmetrics", "2018-01-01", 10),  # the close of 2017, too
        ("bitcoin", "csv_coingecko", "2018-01-29", 2),
        ("bitcoin", "csv_coingecko", "2018-01-30 00:05:18", 2.5),  # about the same moment, stamped in the new way
        ("bitcoin", "csv_coingecko", "2018-01-31", 3),
    )
    assert daily(db, settings) == {
        "2017-12-31": (1, "csv_coingecko"),
        "2018-01-29": (2.5, "csv_coingecko"),
        "2018-01-30": (3, "csv_coingecko"),
    }


STATED_ORDER = ("coingecko", "csv_coingecko", "coinmetrics", "coinbase_candles", "csv_kaggle", "csv_kaggle_filled", "x")


@pytest.mark.parametrize(("better", "worse"), list(itertools.pairwise(STATED_ORDER)))
def test_of_two_sources_that_reach_the_days_end_the_better_one_stands(
    db: duckdb.DuckDBPyConnection, settings: Settings, better: str, worse: str
) -> None:
    add_prices(db, ("bitcoin", better, "2020-01-01 23:01", 7), ("bitcoin", worse, "2020-01-02", 8))
    assert daily(db, settings) == {"2020-01-01": (7, better)}


def test_a_source_that_covers_the_day_stands_before_a_better_one_that_ended_early(
    db: duckdb.DuckDBPyConnection, settings: Settings
) -> None:
    add_prices(db, ("bitcoin", "coingecko", "2020-01-01 10:00", 7), ("bitcoin", "coinmetrics", "2020-01-02", 8))
    assert daily(db, settings) == {"2020-01-01": (8, "coinmetrics")}


def simulate(db: duckdb.DuckDBPyConnection, days: int) -> None:
    start = at("2020-01-01 12:00")
    add_prices(db, *(("bitcoin", "simulator", str(start + timedelta(days=n)), 5) for n in range(days)))


def test_one_real_price_does_not_hide_years_of_simulated_ones(
    db: duckdb.DuckDBPyConnection, settings: Settings
) -> None:
    simulate(db, 40)
    add_prices(db, ("bitcoin", "csv_coingecko", "2020-01-05 12:00", 9000))
    assert set(daily(db, settings).values()) == {(5, "simulator")}


def test_real_prices_of_a_month_or_of_as_many_days_hide_all_simulated_ones(
    db: duckdb.DuckDBPyConnection, settings: Settings
) -> None:
    simulate(db, 2)
    add_prices(db, *(("bitcoin", "coingecko", f"2019-01-0{day} 12:00", 9) for day in (1, 2)))
    assert set(daily(db, settings)) == {"2019-01-01", "2019-01-02"}
    simulate(db, 100)
    assert len(daily(db, settings)) == 100
    add_prices(db, *(("bitcoin", "coinmetrics", f"2018-03-{day:02d} 12:00", 9) for day in range(1, 29)))
    assert {source for _, source in daily(db, settings).values()} == {"coingecko", "coinmetrics"}


def test_prices_that_are_none_are_left_out(db: duckdb.DuckDBPyConnection, settings: Settings) -> None:
    add_prices(db, ("bitcoin", "coingecko", "2020-01-01 12:00", 0), ("bitcoin", "simulator", "2020-01-01 12:00", 5))
    assert daily(db, settings) == {"2020-01-01": (5, "simulator")}


def test_the_real_export_keeps_its_days_and_gaps(
    db: duckdb.DuckDBPyConnection, settings: Settings, shared_data: Path
) -> None:
    file = shared_data / "daily" / "coingecko_btc-usd-max_20130428_20260113.csv"
    db.execute(
        """INSERT INTO iceberg.silver.coin_prices (coin, event_time, price_usd, source)
        SELECT 'bitcoin', CAST(replace(snapped_at, ' UTC', '') AS timestamp), price, 'csv_coingecko'
        FROM read_csv(?, all_varchar = true)""",
        [str(file)],
    )
    closes = daily(db, settings)
    days = [date(2013, 4, 28) + timedelta(days=n) for n in range((date(2026, 1, 12) - date(2013, 4, 28)).days + 1)]
    assert sorted({str(day) for day in days} - closes.keys()) == ["2013-06-04", "2015-01-28"]
    assert max(closes) == "2026-01-12", "the last stamp, 2026-01-13 00:00, is the close of the day before"
    assert closes["2017-12-31"][0] == pytest.approx(14_839.59), "the row of that date"
    assert closes["2018-12-31"][0] == pytest.approx(3_692.53), "the row of 2019-01-01"


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
