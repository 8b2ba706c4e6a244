"""Gold's candles: windows over time against an exact computation, whose candle counts, and what is missing before."""

from __future__ import annotations

import csv
import random
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from pipeline.stream.gold.bitcoin_gold_run import BitcoinGold
from pipeline.tables.silver import BITCOIN_DATA
from tests.support.bitcoin_candles import Candle, at, differing, give, gold, trade

NOON = datetime(2026, 2, 1, 12)
YEAR = range(1, 13)  # months
MISSING = {4: 434, 12: 993}  # minutes within the file, by the last month
REAL_YEAR = "minute/derived_kaggle_shape_binance_btcusdt_2021.csv.zst"


def random_closes(count: int, missing: float, seed: int = 3) -> dict[datetime, Decimal]:
    """Make a walk that also rests, around 60,000, of which some minutes are missing."""
    dice, price, closes = random.Random(seed), Decimal("60000.000"), {}
    for minute in range(count):
        price += Decimal(dice.choice([0, 0, 1, -1, 10, -2500, 2500])) / 1000
        if dice.random() > missing:
            closes[at(minute)] = price
    return closes


def as_candles(closes: dict[datetime, Decimal]) -> list[Candle]:
    return [Candle(minute, str(close)) for minute, close in closes.items()]


@pytest.mark.parametrize("missing", [0.0, 0.2, 0.9])
def test_windows_equal_an_exact_computation(lake: SparkSession, missing: float) -> None:
    closes = random_closes(1000, missing)
    give(lake, as_candles(closes), 0)
    assert BitcoinGold(lake).run() == len(closes)
    assert differing(gold(lake), closes) == []


def test_a_gap_makes_a_window_hold_fewer_candles_and_not_reach_further(lake: SparkSession) -> None:
    give(lake, [Candle(at(0), "10"), Candle(at(4), "20"), Candle(at(9), "30"), Candle(at(39), "70")], 0)
    BitcoinGold(lake).run()
    rows = gold(lake)
    assert [row["ma_5"] for row in rows] == [10.0, 15.0, 30.0, 70.0]
    assert [row["ma_10"] for row in rows] == [10.0, 15.0, 20.0, 70.0]
    assert [row["volatility_5"] for row in rows] == [None, pytest.approx(50**0.5), None, None]
    assert [row["volatility_30"] for row in rows] == [None, pytest.approx(50**0.5), 10.0, None]
    assert [(row["missing_before"], row["missing_state"]) for row in rows] == [
        (0, None),
        (3, "unknown"),
        (4, "unknown"),
        (29, "unknown"),
    ]


def test_no_window_mixes_series_and_the_best_one_counts(lake: SparkSession) -> None:
    sources = ["simulator", "csv_kaggle", "coinbase_candles"]
    give(lake, [Candle(at(n), str(100 * (k + 1) + n), source) for k, source in enumerate(sources) for n in range(3)], 0)
    trade(lake, [Candle(at(1), "1000", "coinbase"), Candle(at(2), "2000", "simulator")], NOON)
    give(lake, [Candle(at(3), "7", "simulator"), Candle(at(4), "8", "csv_kaggle")], 50)
    trade(lake, [Candle(at(3), "9", "simulator"), Candle(at(1), "5", "coinbase", product="ETH-USD")], NOON)
    BitcoinGold(lake).run()
    found = [(row["minute"], row["source"], row["close"], row["ma_5"]) for row in gold(lake)]
    assert found == [
        (at(0), "coinbase_candles", 300, 300.0),
        (at(1), "coinbase", 1000, 1000.0),
        (at(2), "coinbase_candles", 302, 301.0),
        (at(3), "simulator", 9, 1004.5),  # trades before candles among the simulated, too
        (at(4), "csv_kaggle", 8, pytest.approx((200 + 201 + 202 + 8) / 4)),
    ]


def test_trade_ids_prove_a_minute_quiet_or_lost(lake: SparkSession) -> None:
    ids = [(1, 10), (11, 20), (22, 30), (30, 31), (5, 6), (7, 9)]
    trade(lake, [Candle(at(5 * n), source="coinbase", ids=pair) for n, pair in enumerate(ids)], NOON)
    BitcoinGold(lake).run()
    assert [(row["missing_before"], row["missing_state"]) for row in gold(lake)] == [
        (0, None),
        (4, "quiet"),
        (4, "lost"),
        (4, "quiet"),  # a minute's edge parted the trades of one moment
        (4, "unknown"),  # the ids started again
        (4, "quiet"),
    ]


def test_what_an_author_filled_in_is_marked(lake: SparkSession) -> None:
    give(lake, [Candle(at(0)), Candle(at(1), is_filled=True)], 0)
    BitcoinGold(lake).run()
    assert [row["is_filled"] for row in gold(lake)] == [False, True]


@pytest.mark.parametrize("months", [YEAR[3:4], pytest.param(YEAR, marks=pytest.mark.long)], ids=["April", "2021"])
def test_real_candles_equal_an_exact_computation(
    lake: SparkSession, shared_data: Path, tmp_path: Path, months: Sequence[int]
) -> None:
    file = tmp_path / "candles.csv"
    closes = copy_months(shared_data / REAL_YEAR, file, months)
    give_file(lake, file)
    tables = BitcoinGold(lake)
    while not tables.is_done:
        tables.run()
    found = gold(lake)
    assert len(found) == len(closes)
    assert sum(row["missing_before"] for row in found) == MISSING[months[-1]]
    assert differing(found, closes) == []


def copy_months(source: Path, target: Path, months: Sequence[int]) -> dict[datetime, Decimal]:
    """Copy a year's rows of these months into a file; return the minutes' closes."""
    closes = {}
    unpacked = subprocess.run(["zstd", "-dc", source], check=True, capture_output=True, text=True).stdout.splitlines()
    with target.open("w", encoding="utf-8", newline="") as file:
        file.write(f"{unpacked[0]}\n")
        for line, row in zip(unpacked[1:], csv.DictReader(unpacked), strict=True):
            minute = at_second(float(row["Timestamp"]))
            if minute.month in months:
                closes[minute] = Decimal(row["Close"])
                file.write(f"{line}\n")
    return closes


def at_second(stamp: float) -> datetime:
    return datetime.fromtimestamp(stamp, UTC).replace(tzinfo=None)


def give_file(spark: SparkSession, file: Path) -> None:
    """Append a file of Kaggle's columns to silver.bitcoin_data."""
    minute = "CAST(timestamp_seconds(CAST(Timestamp AS double)) AS timestamp_ntz)"
    rows = spark.read.csv(str(file), header=True).selectExpr(
        *("'csv_kaggle' AS source", "'BTC-USD' AS product_id", f"{minute} AS minute"),
        *(f"CAST({name} AS decimal(38,18)) AS {name.lower()}" for name in ("Open", "High", "Low", "Close", "Volume")),
        *("false AS is_filled", f"{minute} AS ingested_at", "'bitcoin_data' AS topic", "0 AS partition"),
        "CAST(CAST(Timestamp AS double) / 60 AS bigint) AS offset",
    )
    rows.select(*BITCOIN_DATA.column_names).coalesce(1).writeTo(BITCOIN_DATA.full_name).append()
