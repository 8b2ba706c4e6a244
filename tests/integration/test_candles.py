"""Minute candles from a file to gold in Iceberg, PostgreSQL and the bucket, whatever dies between the three writes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path

import psycopg
import pyarrow.dataset as ds
import pytest
from pyarrow.fs import FileSelector, S3FileSystem

from pipeline.engines.supervisor import client
from pipeline.events.candles import BITCOIN_DATA, CandleEvent
from tests.support.candle_file import BAD, CandleFile, Row, write_candles
from tests.support.stack import Stack
from tests.support.waiting import wait_until

REPLAY, BUILD = "pipeline/scripts/replay_candles.sh", "pipeline/scripts/build_gold.sh"
PRODUCT = "BTC-EUR"  # its candles come from the file alone
SILVER, GOLD = "iceberg.silver.bitcoin_data", "iceberg.gold.bitcoin_gold_data"
VALUES = "close, is_filled, ma_5, ma_10, ma_30, volatility_5, volatility_10, volatility_30"
MINE = f"product_id = '{PRODUCT}'"
BUILD_S = 300
CANDLE = CandleEvent(
    "csv_kaggle",
    "BTC-CHF",
    datetime(2021, 5, 1, tzinfo=UTC),
    Decimal(100),
    Decimal(110),
    Decimal(90),
    Decimal(105),
    Decimal("0.5"),
    is_filled=False,
)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> CandleFile:
    return write_candles(tmp_path_factory.mktemp("candles") / "btceur_1-min_data.csv")


@pytest.fixture(scope="module")
def replayed(stack: Stack, file: CandleFile) -> CandleFile:
    """The file is in all three places."""
    stack.script(REPLAY, str(file.path), "--max", "--product", PRODUCT)
    stack.wait_for_count(len(file.candles), SILVER, MINE, 120)
    stack.script(BUILD, seconds=BUILD_S)
    return file


@pytest.fixture(scope="module")
def postgres(stack: Stack) -> Iterator[psycopg.Connection]:
    """The PostgreSQL, as dashboards read it."""
    ours = stack.settings.serving.postgres
    with psycopg.connect(ours.url, user=ours.reader, password=ours.reader_password.reveal(), autocommit=True) as found:
        yield found


@pytest.fixture(scope="module")
def bucket(stack: Stack) -> S3FileSystem:
    """The bucket's server."""
    ours = stack.settings.serving.bucket
    scheme, _, address = ours.endpoint.partition("://")
    keys = {"access_key": ours.access_key.reveal(), "secret_key": ours.secret_key.reveal()}
    return S3FileSystem(**keys, endpoint_override=address, scheme=scheme, region=ours.region)


def in_postgres(postgres: psycopg.Connection, product: str) -> list[Row]:
    sql = f"SELECT minute::text, {VALUES} FROM bitcoin_gold_data WHERE product_id = %s ORDER BY minute"
    return [tuple(row) for row in postgres.execute(sql, [product]).fetchall()]


def in_bucket(stack: Stack, bucket: S3FileSystem, product: str) -> list[Row]:
    root = f"{stack.settings.serving.bucket.name}/gold_aggregates"
    paths = [found.path for found in bucket.get_file_info(FileSelector(root, recursive=True))]
    paths = [path for path in paths if path.endswith(".parquet") and f"product_id={product}/" in path]
    table = ds.dataset(paths, filesystem=bucket).to_table().sort_by("minute")
    names = VALUES.split(", ")
    return [(str(row["minute"]), *(row[name] for name in names)) for row in table.to_pylist()]


def in_presto(stack: Stack, product: str) -> list[Row]:
    sql = f"SELECT date_format(minute, '%Y-%m-%d %H:%i:%s'), {VALUES} FROM {GOLD} WHERE product_id = ? ORDER BY minute"
    return stack.presto(sql, [product])


def assert_equal(found: list[Row], expected: list[Row]) -> None:
    """Compare times and flags exactly, numbers to 1e-9 of their size; a deviation of nothing is nothing."""
    assert len(found) == len(expected)
    for row, wanted in zip(found, expected, strict=True):
        assert row[0] == wanted[0]
        assert row[2] == wanted[2]
        values = [None if value is None else float(str(value)) for value in (row[1], *row[3:])]
        assert values == [
            value if value is None else pytest.approx(value, rel=1e-9, abs=1e-9) for value in (wanted[1], *wanted[3:])
        ], row


def test_gold_is_what_duckdb_computes(stack: Stack, replayed: CandleFile) -> None:
    assert_equal(in_presto(stack, PRODUCT), replayed.gold())


def test_all_places_hold_the_same(
    stack: Stack, replayed: CandleFile, postgres: psycopg.Connection, bucket: S3FileSystem
) -> None:
    assert_equal(in_postgres(postgres, PRODUCT), replayed.gold())
    assert_equal(in_bucket(stack, bucket, PRODUCT), replayed.gold())
    stack.script(BUILD, "--check", seconds=BUILD_S)


def test_a_file_replayed_again_changes_nothing(stack: Stack, replayed: CandleFile) -> None:
    before = stack.presto(f"SELECT count(*), max(offset) FROM {SILVER} WHERE {MINE}")
    stack.script(REPLAY, str(replayed.path), "--max", "--product", PRODUCT, "--restart")
    end = f"SELECT max(offset) FROM bronze.events WHERE topic = '{BITCOIN_DATA.name}'"
    records = len(replayed.path.read_text(encoding="utf-8").splitlines()) - 1 - len(BAD)
    wait_until(lambda: stack.presto(end)[0][0] >= before[0][1] + records, 120, "the file is in bronze again")
    stack.script(BUILD, seconds=BUILD_S)
    assert_equal(in_presto(stack, PRODUCT), replayed.gold())


def test_what_cannot_be_read_is_rejected_with_its_line(stack: Stack, replayed: CandleFile) -> None:
    rows = stack.presto(
        "SELECT DISTINCT reason FROM silver.rejected_events WHERE reason LIKE ?", [f"%{replayed.path.name}%"]
    )
    assert len(rows) == len(BAD), rows


POINTS = (
    "replaced.bitcoin_gold_data",
    "gold.postgres.rows",
    "gold.postgres",
    "gold.bucket.objects",
    "gold.bucket",
    "raw.begun",
    "raw.objects",
)
RESTART_S = 120  # of the driver, on a busy machine


def is_taken_in(stack: Stack, product: str, candles: int) -> bool:
    """Tell whether bronze, from which the raw objects are made, and silver, gold's source, have so many candles."""
    bronze = f"SELECT count(*) FROM bronze.events WHERE topic = '{BITCOIN_DATA.name}' AND from_utf8(key) = ?"
    silver = "SELECT count(*) FROM silver.bitcoin_data WHERE product_id = ?"
    return all(int(stack.presto(sql, [product])[0][0]) >= candles for sql in (bronze, silver))


@pytest.fixture
def only_candles(stack: Stack) -> Iterator[None]:
    """No prices and trades: a driver is back sooner that has nothing else to catch up on."""
    supervisor = client(stack.settings)
    feeds = ("scheduler", "trades")
    for feed in feeds:
        supervisor.stop(feed)
    yield
    for feed in feeds:
        supervisor.start(feed)


@pytest.mark.long
@pytest.mark.usefixtures("only_candles")
@pytest.mark.parametrize("rounds", [1, 10])
def test_a_driver_that_dies_between_the_writes_leaves_all_places_equal(
    stack: Stack, postgres: psycopg.Connection, bucket: S3FileSystem, failpoints: Path, rounds: int
) -> None:
    """Each death meets a new candle, so that there is something to write at each of the points."""
    product = f"BTC-T{rounds}"
    for number in range(rounds * len(POINTS)):
        (failpoints / POINTS[number % len(POINTS)]).touch()
        candle = replace(CANDLE, product_id=product, minute=CANDLE.minute + timedelta(minutes=number))
        stack.produce(BITCOIN_DATA.name, product.encode(), candle.to_json())
        wait_until(partial(is_taken_in, stack, product, number + 1), RESTART_S, "the candle is taken in")
        with stack.running(BUILD):  # instead of waiting for the lake's own minute
            wait_until(lambda: not list(failpoints.iterdir()), RESTART_S, f"the driver died in round {number}")
    made = rounds * len(POINTS)
    wait_until(lambda: len(in_bucket(stack, bucket, product)) == made, RESTART_S, "the bucket has all candles")
    stack.script(BUILD, "--check", seconds=BUILD_S)
    assert len(in_presto(stack, product)) == len(in_postgres(postgres, product)) == made
