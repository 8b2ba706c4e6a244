"""The driver's chores for gold, without a serving tier: all of them run, and a request has them done at once."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from pyspark.sql import SparkSession

from pipeline.serving.requests import STATE
from pipeline.settings import load_settings
from pipeline.stream.gold.coin_gold import CoinGold
from pipeline.stream.gold_serving import GoldServing
from tests.support.bitcoin_candles import Candle, at, give, gold
from tests.support.coin_prices import daily, give_prices


def test_chores_and_requests_make_gold(lake: SparkSession, tmp_path: Path) -> None:
    settings = load_settings({"HOME": "/"})
    settings = replace(settings, lake=replace(settings.lake, hdfs_uri=f"file://{tmp_path}"))
    give(lake, [Candle(at(n)) for n in range(3)], 0)
    chores = GoldServing(lake, settings, CoinGold(lake)).chores()
    request = tmp_path / "requests" / "build_gold" / ("a" * 32)
    for chore in chores:
        chore.run()
    assert len(gold(lake)) == 3
    give(lake, [Candle(at(3))], 3)
    give_prices(lake, [("bitcoin", "coingecko", datetime(2026, 1, 5, 12), "90000")])
    request.mkdir(parents=True)
    for chore in chores[-1:]:
        chore.run()
    state = json.loads((request / STATE).read_text())
    assert state["faults"] == []
    assert state["results"][:2] == [
        "1 days of iceberg.gold.coin_daily computed",
        "1 rows of iceberg.gold.bitcoin_gold_data computed",
    ]
    assert len(daily(lake)) == 1
    assert len(gold(lake)) == 4
