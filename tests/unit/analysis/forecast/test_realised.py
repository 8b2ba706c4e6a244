"""Realised volatility, from daily prices and from within the days, against literals."""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import numpy as np
import pandas as pd
import pytest

from analysis.forecast import realised
from analysis.sql_files import load_sql
from pipeline.tables.gold import BITCOIN_GOLD
from tests.support.lake_tables import create_tables
from tests.support.price_histories import daily, random_walk, series


def test_daily_prices_give_the_size_of_each_return() -> None:
    moves = realised.from_daily(daily(np.exp([0.0, 0.03, 0.01])))
    assert moves.tolist() == pytest.approx([0.03, 0.02])
    assert moves.index.tolist() == list(pd.date_range("2020-01-02", periods=2))


def test_a_return_over_a_gap_is_no_daily_one() -> None:
    price = daily(np.exp([0.0, 0.03, 0.0, 0.01, 0.02])).drop(pd.Timestamp("2020-01-03"))
    assert realised.from_daily(price).index.tolist() == [pd.Timestamp("2020-01-02"), pd.Timestamp("2020-01-05")]


def test_prices_within_the_day_add_up() -> None:
    times = pd.to_datetime(["2020-01-01 12:00", "2020-01-02 00:00", "2020-01-02 12:00", "2020-01-04 01:00"])
    price = pd.Series(np.exp([0.0, 0.03, -0.01, 0.0]), index=times)
    found = realised.from_intraday(price)
    assert found.to_dict() == pytest.approx({pd.Timestamp("2020-01-02"): 0.05, pd.Timestamp("2020-01-04"): 0.01})


MINUTES = pd.date_range("2020-01-01", "2020-01-04 12:00", freq="min", inclusive="left")


@pytest.fixture
def db() -> Iterator[duckdb.DuckDBPyConnection]:
    """A lake in DuckDB, which shares Presto's functions, without rows."""
    with duckdb.connect() as connection:
        create_tables(connection, BITCOIN_GOLD)
        connection.execute("CREATE TABLE iceberg.gold.coins (coin VARCHAR, symbol VARCHAR, product_id VARCHAR)")
        connection.execute("INSERT INTO iceberg.gold.coins VALUES ('bitcoin', 'BTC', 'BTC-USD'), ('x', 'X', 'X-USD')")
        yield connection


def insert(db: duckdb.DuckDBPyConnection, close: pd.Series[float], product: str, source: str) -> None:
    """Add candles of which the close alone matters here."""
    candles = close.rename("close").rename_axis("minute").reset_index()
    assert (
        len(candles)
        == db.execute(
            "INSERT INTO iceberg.gold.bitcoin_gold_data BY NAME SELECT ? AS product_id, ? AS source, minute, close, "
            "close AS open, close AS high, close AS low, 1 AS volume, false AS is_filled, 0 AS missing_before, "
            "minute AS ingested_at, 1 AS revision FROM candles",
            [product, source],
        ).fetchall()[0][0]
    )


def asked(db: duckdb.DuckDBPyConnection, coin: str) -> pd.DataFrame:
    return db.execute(load_sql("realised_volatility"), [coin]).df()


def test_the_lakes_statement_is_what_pandas_computes(db: duckdb.DuckDBPyConnection) -> None:
    moves = np.random.default_rng(3).normal(0, 0.001, len(MINUTES))
    close = pd.Series(100 * np.exp(moves.cumsum()), index=MINUTES).round(6)
    insert(db, close, "BTC-USD", "csv_kaggle")
    insert(db, close * 2, "OTHER-USD", "csv_kaggle")
    found = asked(db, "bitcoin")
    of_fives = realised.from_intraday(close.groupby(MINUTES.floor("5min")).last())
    assert found["day"].tolist() == list(pd.date_range("2020-01-01", "2020-01-03"))  # the last day is half a day
    assert found["returns"].tolist() == [287, 288, 288]
    assert found["realised_volatility"].tolist() == pytest.approx(of_fives.iloc[:3].tolist(), rel=1e-9)
    assert set(found["source"]) == {"csv_kaggle"}
    assert asked(db, "x").empty


def test_a_return_over_a_gap_counts_for_nothing(db: duckdb.DuckDBPyConnection) -> None:
    close = pd.Series(100.0, index=MINUTES)
    close.loc["2020-01-02 06:00":] = 200.0
    close = close.drop(close.loc["2020-01-02 05:40":"2020-01-02 06:00"].index)
    close = close.drop(close.loc["2020-01-03 00:00":"2020-01-03 03:00"].index)
    insert(db, close, "BTC-USD", "csv_kaggle")
    assert asked(db, "bitcoin")[["day", "realised_volatility"]].to_numpy().tolist() == [
        [pd.Timestamp("2020-01-01"), 0.0],
        [pd.Timestamp("2020-01-02"), 0.0],
    ]


def measured(values: pd.Series[float], product: str = "BTC-USD", source: str = "coinbase_candles") -> pd.DataFrame:
    """Return rows of `Lake.realised_volatility`."""
    rows = values.rename("realised_volatility").reset_index()
    return rows.assign(product_id=product, source=source, returns=288)


def test_minutes_serve_where_they_are_enough() -> None:
    prices = series(random_walk(100))
    days = daily(np.full(99, 0.02))
    found = realised.of_minutes(measured(days), prices, needed=99)
    assert found is not None
    pd.testing.assert_series_equal(found, days, check_names=False, check_freq=False)


def test_of_two_products_the_one_with_more_days_is_taken() -> None:
    rows = pd.concat([measured(daily(np.full(99, 0.02))), measured(daily(np.full(100, 0.03)), "BTC-EUR")])
    found = realised.of_minutes(rows, series(random_walk(100)), needed=90)
    assert found is not None
    assert set(found) == {0.03}


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param(measured(daily(np.full(98, 0.02), "2020-01-02")), id="too-few"),
        pytest.param(measured(daily(np.full(98, 0.02))), id="ends-too-early"),
        pytest.param(measured(daily(np.full(100, 0.02)), source="simulator"), id="of-another-market"),
        pytest.param(measured(daily(np.full(100, 0.02))).drop(range(40, 48)), id="with-a-long-gap"),
        pytest.param(measured(daily(np.full(100, 0.0))), id="never-moved"),
        pytest.param(measured(daily([])), id="none"),
    ],
)
def test_else_daily_returns_serve(rows: pd.DataFrame) -> None:
    assert realised.of_minutes(rows, series(random_walk(100)), needed=99) is None


def test_no_prices_leave_the_error_to_the_evaluation() -> None:
    assert realised.of_minutes(measured(daily(np.full(9, 0.02))), series(daily([])), needed=1) is None
