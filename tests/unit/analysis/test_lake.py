"""The lake as pandas sees it, against a server that speaks Presto's protocol."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import duckdb
import pandas as pd
import pytest

from analysis.lake import Lake, connect
from analysis.sql_files import SQL_DIR, load_sql
from pipeline.errors import (
    PrestoUnreachableError,
    QueryError,
    TableMissingError,
    TooManyRowsError,
    UnknownNameError,
)
from pipeline.settings import load_settings
from tests.support.fake_presto import table

if TYPE_CHECKING:
    from pathlib import Path

    from tests.support.fake_presto import FakePresto


def test_a_query_becomes_a_frame(lake: Lake, presto: FakePresto) -> None:
    presto.gives({"coin": "varchar", "price_usd": "decimal(38,18)"}, ["bitcoin", "135.3"], ["solana", None])
    frame = lake.query("SELECT coin, price_usd FROM t")
    assert frame["coin"].tolist() == ["bitcoin", "solana"]
    assert frame["price_usd"].iloc[0] == 135.3
    assert frame["price_usd"].isna().tolist() == [False, True]


def test_exact_prices_are_decimals(lake: Lake, presto: FakePresto) -> None:
    presto.gives({"price_usd": "decimal(38,18)"}, ["0.000000000000000001"])
    assert lake.query("SELECT 1", exact=True)["price_usd"].tolist() == [Decimal("0.000000000000000001")]


def test_the_session_is_in_utc_and_named(lake: Lake, presto: FakePresto) -> None:
    presto.gives({"n": "bigint"}, [1])
    lake.query("SELECT 1")
    headers = presto.headers[-1]
    assert headers["X-Presto-Time-Zone"] == "UTC"
    assert (headers["X-Presto-User"], headers["X-Presto-Source"]) == ("coinlake", "coinlake-analysis")


def test_parameters_are_bound_not_pasted(lake: Lake, presto: FakePresto) -> None:
    presto.gives({"n": "bigint"}, [1])
    lake.query("SELECT ? = 1", ["x' OR 1=1 --"])
    prepare, execute, _deallocate = presto.statements
    assert prepare.endswith("FROM SELECT ? = 1")
    assert execute.endswith("USING 'x'' OR 1=1 --'")


@pytest.mark.parametrize("params", [(), (7,)], ids=["plain", "prepared"])
def test_a_result_beyond_the_limit_is_cancelled_and_read_no_further(
    lake: Lake, presto: FakePresto, params: tuple[int, ...]
) -> None:
    presto.gives({"n": "bigint"}, *([n] for n in range(1000)))
    presto.page_rows = 10
    with pytest.raises(TooManyRowsError, match=r"more than 25 rows.*LIMIT, WHERE, GROUP BY.*max_rows=N"):
        lake.query("SELECT n FROM t", params, max_rows=25)
    assert presto.cancelled == ["/v1/query/20261121_000000_00001_abcde"]
    assert presto.pages_sent < 10, "pages of a hundred"


def test_a_result_at_the_limit_is_whole(lake: Lake, presto: FakePresto) -> None:
    presto.gives({"n": "bigint"}, *([n] for n in range(30)))
    presto.page_rows = 10
    assert lake.query("SELECT n FROM t", max_rows=30)["n"].tolist() == list(range(30))
    assert presto.cancelled == []


def test_the_limit_of_the_lake_holds_for_its_own_statements(presto: FakePresto, tmp_path: Path) -> None:
    presto.gives({"coin": "varchar"}, ["bitcoin"], [None])
    small = connect(load_settings({"COINLAKE_HOME": str(tmp_path), "PRESTO_URL": presto.url}), max_rows=1)
    with pytest.raises(TooManyRowsError, match="more than 1 row"):
        small.coverage()
    assert len(small.query("SELECT coin FROM t", max_rows=2)) == 2


def test_a_cancel_that_fails_hides_no_error(lake: Lake, presto: FakePresto, caplog: pytest.LogCaptureFixture) -> None:
    presto.cancel_status, presto.page_rows = 500, 2
    presto.gives({"n": "bigint"}, [1], [2], [3])
    with pytest.raises(TooManyRowsError):
        lake.query("SELECT n FROM t", max_rows=1)
    assert "20261121_000000_00001_abcde was not cancelled" in caplog.text


def test_closes_are_asked_for_the_given_coins(lake: Lake, presto: FakePresto) -> None:
    columns = {"coin": "varchar", "day": "date", "price_usd": "decimal(38,18)", "observed_at": "timestamp"}
    presto.gives(columns, ["bitcoin", "2013-04-28", "135.3", "2013-04-28 00:00:00.000"])
    frame = lake.daily_closes(["bitcoin", "solana"])
    assert presto.statements[1].endswith("USING ARRAY['bitcoin','solana']")
    assert frame["day"].tolist() == [pd.Timestamp("2013-04-28")]
    assert frame["observed_at"].tolist() == [datetime(2013, 4, 28, tzinfo=UTC)]


def test_daily_prices_take_a_coin_a_symbol_or_several(lake: Lake, presto: FakePresto) -> None:
    columns = {"coin": "varchar", "day": "date", "price_usd": "decimal(38,10)"}
    presto.gives(columns, ["bitcoin", "2013-04-28", "135.3"])
    assert lake.daily_prices("btc")["price_usd"].tolist() == [135.3]
    assert presto.statements[1].endswith("USING ARRAY['bitcoin']")


def test_a_misspelt_coin_is_an_error_and_a_coin_without_prices_is_none(lake: Lake, presto: FakePresto) -> None:
    presto.gives({"coin": "varchar", "day": "date", "price_usd": "decimal(38,10)"})
    presto.answers["iceberg.gold.coins"] = table({"coin": "varchar"}, ["bitcoin"], ["solana"])
    assert lake.daily_prices(["solana"]).empty
    with pytest.raises(UnknownNameError, match=r"no coin 'bitcoinz', did you mean 'bitcoin'\? It has bitcoin, solana"):
        lake.daily_prices(["solana", "bitcoinz"])


def test_a_misspelt_product_is_an_error(lake: Lake, presto: FakePresto) -> None:
    presto.gives({"close": "decimal(38,18)"})
    presto.answers["iceberg.gold.coins"] = table({"product_id": "varchar"}, ["BTC-USD"])
    assert lake.candles("BTC-USD", 2).empty
    with pytest.raises(UnknownNameError, match="no product 'BTCUSD', did you mean 'BTC-USD'"):
        lake.candles("BTCUSD", 2)


def test_the_package_offers_connect_without_importing_pandas() -> None:
    code = "import sys, analysis; assert 'pandas' not in sys.modules; from analysis import connect; connect.__call__"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("name", ["price_trend", "volume_per_asset", "live_alerts", "trade_gaps", "trade_freshness"])
def test_the_last_hours_of_the_trades_are_asked_for(lake: Lake, presto: FakePresto, name: str) -> None:
    presto.gives({"source": "varchar"}, ["coinbase"])
    assert getattr(lake, name)(24)["source"].tolist() == ["coinbase"]
    assert presto.statements[1].endswith("USING 24")


def test_candles_are_asked_for_one_product(lake: Lake, presto: FakePresto) -> None:
    presto.gives({"close": "decimal(38,18)"}, ["101.5"], [None])
    assert lake.candles("BTC-USD", 2)["close"].iloc[0] == 101.5
    assert presto.statements[1].endswith("USING 'BTC-USD',2")


def test_a_volume_profile_is_asked_for_one_product(lake: Lake, presto: FakePresto) -> None:
    presto.gives({"volume": "decimal(38,18)"}, ["1.5"])
    assert lake.volume_profile("BTC-USD", 24)["volume"].tolist() == [1.5]
    assert presto.statements[1].endswith("USING 'BTC-USD',24,40")


def test_trade_coverage_counts_are_whole_numbers(lake: Lake, presto: FakePresto) -> None:
    presto.gives({"product_id": "varchar", "missing": "bigint"}, ["BTC-USD", 0])
    assert lake.trade_coverage()["missing"].tolist() == [0]


def test_coverage_counts_are_whole_numbers(lake: Lake, presto: FakePresto) -> None:
    presto.gives({"coin": "varchar", "row_count": "bigint"}, ["bitcoin", 4642])
    assert lake.coverage()["row_count"].tolist() == [4642]


def test_years_are_asked_of_all_coins(lake: Lake, presto: FakePresto) -> None:
    columns = {"coin": "varchar", "year": "bigint", "return_pct": "double", "is_partial": "boolean"}
    presto.gives(columns, ["bitcoin", 2013, 457.5, True], ["bitcoin", 2015, None, False])
    frame = lake.yearly_returns()
    assert (frame["year"].tolist(), frame["is_partial"].tolist()) == ([2013, 2015], [True, False])
    assert frame["return_pct"].isna().tolist() == [False, True]
    assert "iceberg.gold.yearly_returns" in presto.statements[-1]


def test_presto_down_names_the_remedy(tmp_path: Path) -> None:
    away = connect(load_settings({"COINLAKE_HOME": str(tmp_path), "PRESTO_URL": "http://127.0.0.1:9"}))
    with pytest.raises(PrestoUnreachableError, match=r"127\.0\.0\.1:9 .*pipeline/scripts/pipeline_status\.sh"):
        away.query("SELECT 1")


def test_presto_starting_counts_as_not_answering(lake: Lake, presto: FakePresto) -> None:
    presto.fails("SERVER_STARTING_UP", "Presto server is still initializing")
    with pytest.raises(PrestoUnreachableError, match="still initializing"):
        lake.query("SELECT 1")


def test_another_server_at_that_address(lake: Lake, presto: FakePresto) -> None:
    presto.status = 404
    with pytest.raises(PrestoUnreachableError, match="error 404"):
        lake.query("SELECT 1")


def test_a_missing_table_names_the_remedy(lake: Lake, presto: FakePresto) -> None:
    presto.fails("SYNTAX_ERROR", "line 1:15: Table hive.crypto.coin_data does not exist")
    with pytest.raises(TableMissingError, match=r"coin_data does not exist; analysis/scripts/hive_setup\.sh"):
        lake.query("SELECT * FROM hive.crypto.coin_data")


def test_a_refused_statement_tells_why(lake: Lake, presto: FakePresto) -> None:
    presto.fails("SYNTAX_ERROR", "line 1:1: mismatched input 'SELEC'")
    with pytest.raises(QueryError, match=r"SYNTAX_ERROR: .*'SELEC'.*20261121_000000_00001_abcde") as caught:
        lake.query("SELEC 1")
    assert not isinstance(caught.value, TableMissingError)


def test_every_statement_has_its_file() -> None:
    for path in SQL_DIR.glob("*.sql"):
        assert load_sql(path.stem).startswith("--"), f"{path.name} does not say what it returns"


def test_daily_closes_take_the_last_price_of_the_day() -> None:
    """Run the statement itself in DuckDB, which shares max_by and contains' meaning with Presto."""
    with duckdb.connect() as db:
        db.execute("ATTACH ':memory:' AS iceberg; CREATE SCHEMA iceberg.silver")
        db.execute(
            """CREATE TABLE iceberg.silver.coin_prices AS SELECT * FROM (VALUES
                ('bitcoin', TIMESTAMP '2020-01-01 00:00:00', 10.0, 'coingecko'),
                ('bitcoin', TIMESTAMP '2020-01-01 23:59:59', 12.5, 'coingecko'),
                ('bitcoin', TIMESTAMP '2020-01-01 12:00:00', 11.0, 'coinmetrics'),
                ('bitcoin', TIMESTAMP '2020-01-02 00:00:00', 13.0, 'coingecko'),
                ('solana', TIMESTAMP '2020-01-01 00:00:00', 1.0, 'coingecko')
            ) AS t(coin, event_time, price_usd, source)"""
        )
        rows = db.execute(load_sql("daily_closes"), [["bitcoin"]]).fetchall()
    assert [(row[1], str(row[2]), float(row[3])) for row in rows] == [
        ("coingecko", "2020-01-01", 12.5),
        ("coingecko", "2020-01-02", 13.0),
        ("coinmetrics", "2020-01-01", 11.0),
    ]


def test_coverage_counts_each_table_coin_and_source() -> None:
    with duckdb.connect() as db:
        for name in ("iceberg", "hive"):
            db.execute(f"ATTACH ':memory:' AS {name}")
        for table, count in (("iceberg.silver.coin_prices", 3), ("hive.crypto.coin_data", 2)):
            catalog, schema, _ = table.split(".")
            db.execute(f"CREATE SCHEMA {catalog}.{schema}")
            db.execute(
                f"""CREATE TABLE {table} AS
                SELECT 'bitcoin' AS coin,
                       'csv_kaggle' AS source,
                       TIMESTAMP '2020-01-01' + INTERVAL (n) DAY AS event_time
                FROM range({count}) AS days(n)"""
            )
        rows = db.execute(load_sql("coverage")).fetchall()
    assert rows == [
        ("iceberg.silver.coin_prices", "bitcoin", "csv_kaggle", 3, datetime(2020, 1, 1), datetime(2020, 1, 3)),
        ("hive.crypto.coin_data", "bitcoin", "csv_kaggle", 2, datetime(2020, 1, 1), datetime(2020, 1, 2)),
    ]
