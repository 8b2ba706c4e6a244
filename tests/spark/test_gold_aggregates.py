"""The benchmark's two engines give the same rows, and it fails where they do not."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from pyspark.sql import SparkSession

from bench.gold_aggregates import AGGREGATES, Aggregate, Engines, measure, prepare

CANDLES = """
SELECT
    1500000000 + 60 * n AS Timestamp,
    CAST(1000 + n % 977 + 1 AS decimal(18, 3)) AS High,
    CAST(1000 + n % 977 - 1 AS decimal(18, 3)) AS Low,
    CAST(1000 + n % 977 AS decimal(18, 3)) AS Close
FROM range(0, 500000, 7) AS minutes(n)
WHERE n NOT BETWEEN 60000 AND 64000
"""
"""347 days, three of which have no candle."""


@pytest.fixture(scope="module")
def engines(spark: SparkSession, tmp_path_factory: pytest.TempPathFactory) -> Engines:
    folder = tmp_path_factory.mktemp("aggregates")
    duckdb.sql(CANDLES).write_parquet(str(folder / "candles.parquet"))
    assert prepare(folder / "candles.parquet", folder / "minutes.parquet") == 70_858
    return Engines(spark, folder / "minutes.parquet", folder)


@pytest.mark.parametrize("aggregate", AGGREGATES, ids=lambda each: each.name)
def test_both_engines_give_the_same(engines: Engines, aggregate: Aggregate) -> None:
    found = measure(engines, aggregate, rounds=1)
    assert int(str(found["rows"])) > 300
    assert found["ratio"]


def test_rows_that_differ_are_an_error(engines: Engines, tmp_path: Path) -> None:
    stats = AGGREGATES[0]
    engines.spark(stats)
    engines.duckdb(stats)
    copy = engines.folder / "stats-duckdb.parquet"
    duckdb.sql(f"SELECT * REPLACE (avg_price + 1 AS avg_price) FROM '{copy}'").write_parquet(str(tmp_path / "off"))
    (tmp_path / "off").replace(copy)
    with pytest.raises(AssertionError, match="avg_price"):
        engines.compare(stats)
