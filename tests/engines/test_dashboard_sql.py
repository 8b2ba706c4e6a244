"""The SQL under the dashboard, asked of a real PostgreSQL: whose last day it shows, and what of it is missing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import psycopg
import pytest
import yaml

from monitor.superset import bundle
from pipeline.serving.clients import connect_owner
from pipeline.serving.gold_postgres import create_statements
from tests.support.serving import ServingServer, serving_server

LONG_AGO, NOW = datetime(2012, 1, 8, 12), datetime(2026, 11, 29, 12)
CANDLE = (
    "INSERT INTO bitcoin_gold_data VALUES (%s, %s, 10, 12, 8, 11, 1, 11, 11, 11, 1, 1, 1, %s, false, %s, %s, %s, 1)"
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServingServer]:
    with serving_server(ServingServer("serving-postgres", tmp_path_factory.mktemp("postgres") / "lake")) as running:
        yield running


@pytest.fixture
def database(server: ServingServer) -> Iterator[psycopg.Connection]:
    """Gold's table, empty; what a test writes is gone afterwards."""
    with connect_owner(server.settings.serving.postgres) as connection:
        for statement in create_statements():
            connection.execute(statement.encode())
        yield connection
        connection.rollback()


def dataset(server: ServingServer, name: str) -> bytes:
    text = bundle.render(server.settings).files[f"datasets/serving/{name}.yaml"]
    return str(yaml.safe_load(text)["sql"]).encode()


def give(database: psycopg.Connection, minute: datetime, source: str, missing: int = 0, state: str | None = None):
    database.execute(CANDLE, ["BTC-USD", minute, source, missing, state, minute])


def test_simulated_candles_hide_no_market_and_are_a_product_of_their_own(
    server: ServingServer, database: psycopg.Connection
) -> None:
    give(database, LONG_AGO - timedelta(days=1), "csv_kaggle")
    give(database, LONG_AGO, "csv_kaggle")
    give(database, NOW, "simulator")
    rows = database.execute(b"SELECT product, minute, market FROM (" + dataset(server, "bitcoin_live") + b") AS live")
    assert sorted(rows.fetchall()) == [
        ("BTC-USD", LONG_AGO, "market"),
        ("BTC-USD (simulated)", NOW, "SIMULATED"),
    ]


def test_missing_minutes_are_shown_with_their_reason(server: ServingServer, database: psycopg.Connection) -> None:
    give(database, NOW - timedelta(minutes=4), "coinbase")
    give(database, NOW, "coinbase", 3, "lost")
    live = dataset(server, "bitcoin_live")
    rows = database.execute(b"SELECT minute, lost FROM (" + live + b") AS live WHERE close IS NULL ORDER BY minute")
    assert rows.fetchall() == [(NOW - timedelta(minutes=n), 1) for n in (3, 2, 1)]
    candles = database.execute(b"SELECT minute, lost, volume FROM (" + dataset(server, "bitcoin_candles") + b") AS c")
    assert sorted(candles.fetchall()) == [(NOW - timedelta(minutes=5), 3, 1), (NOW, None, 1)]
