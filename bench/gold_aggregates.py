"""Gold's hourly and daily statistics and its returns over minutes, by Spark and by DuckDB from the same Parquet.

`python -m bench.gold_aggregates FILE`. FILE is Parquet of minute candles: Timestamp (unix s), High, Low, Close. No lake
is needed. Both read a copy of it with gold's types and write Parquet, in turn, a few times on two cores; Spark runs the
lake's own transforms in a session that has started and has run them once. `stats` are the windows of
`gold.price_stats_hourly_daily`; `returns` take each minute's close as a price of a coin, and make of them days and the
rows of `gold.coin_returns`. It fails where the two results differ. `*_cpu_s` is processor time, which others on the
machine lengthen much less.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

import duckdb
import pandas as pd
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from bench.measure import ROUNDS, report
from bench.results_folder import machine, new_file, save
from bench.scaling.processes import cpu_seconds
from pipeline.ingest.sources.csv_layouts import KAGGLE
from pipeline.settings import load_settings
from pipeline.spark.planning import exact_session, set_compiled
from pipeline.spark.scratch import scratch_session
from pipeline.stream.gold.coin_daily import to_coin_daily
from pipeline.stream.gold.coin_returns import to_coin_returns
from pipeline.stream.gold.coin_returns_run import MANY_DAYS
from pipeline.stream.gold.price_stats_hourly_daily import to_hourly_daily_stats
from pipeline.tables.coins import COIN_RETURNS
from pipeline.tables.gold import HOURLY_DAILY_STATS

SQL_DIR = Path(__file__).with_name("sql")
CORES = 2
COIN = "bitcoin"


@dataclass(frozen=True)
class Aggregate:
    """A result that both engines compute; DuckDB's statement is in `bench/sql/`."""

    name: str
    sql: str
    key: tuple[str, ...]
    by_spark: Callable[[DataFrame], DataFrame]


def to_returns(minutes: DataFrame) -> DataFrame:
    """Compute returns as if each minute's close were a price of a coin; few days are computed uncompiled, as ever."""
    prices = minutes.select(
        F.lit(COIN).alias("coin"),
        F.col("minute").alias("event_time"),
        F.col("close").alias("price_usd"),
        F.lit(KAGGLE).alias("source"),
    )
    daily = to_coin_daily(prices, [], revision=1).coalesce(1).localCheckpoint()
    set_compiled(minutes.sparkSession, daily.count() > MANY_DAYS)
    return to_coin_returns(daily, revision=1)


AGGREGATES = (
    Aggregate("stats", HOURLY_DAILY_STATS.name, HOURLY_DAILY_STATS.key, to_hourly_daily_stats),
    Aggregate("returns", COIN_RETURNS.name, COIN_RETURNS.key, to_returns),
)


class Engines:
    """Both engines on the same minutes; results go to files in `folder`."""

    def __init__(self, spark: SparkSession, minutes: Path, folder: Path) -> None:
        self.java_pid = spark.sparkContext._gateway.proc.pid  # type: ignore[union-attr]  # noqa: SLF001 - told nowhere else
        self._spark = exact_session(spark)
        self._minutes, self.folder = minutes, folder
        self._db = duckdb.connect(config={"threads": CORES})
        self._db.execute(f"CREATE VIEW minutes AS SELECT * FROM read_parquet('{minutes}')")
        prices = f"'{COIN}' AS coin, minute AS event_time, close AS price_usd, '{KAGGLE}' AS source"
        self._db.execute(f"CREATE VIEW prices AS SELECT {prices} FROM minutes")

    def spark(self, aggregate: Aggregate) -> None:
        """Compute an aggregate by Spark."""
        set_compiled(self._spark, True)
        rows = aggregate.by_spark(self._spark.read.parquet(str(self._minutes))).coalesce(1)
        rows.write.mode("overwrite").parquet(str(self.folder / f"{aggregate.name}-spark"))

    def duckdb(self, aggregate: Aggregate) -> None:
        """Compute an aggregate by DuckDB."""
        statement = (SQL_DIR / f"{aggregate.sql}.sql").read_text(encoding="utf-8")
        self._db.execute(f"COPY ({statement}) TO '{self.folder / aggregate.name}-duckdb.parquet'")

    def compare(self, aggregate: Aggregate) -> int:
        """Return how many rows an aggregate has; raise AssertionError where the engines' rows differ."""
        files = (f"{aggregate.name}-spark/*.parquet", f"{aggregate.name}-duckdb.parquet")
        by_spark, by_duckdb = (
            self._db.sql(f"FROM read_parquet('{self.folder / file}') ORDER BY {', '.join(aggregate.key)}").df()
            for file in files
        )
        pd.testing.assert_frame_equal(by_spark, by_duckdb[list(by_spark)], check_dtype=False, rtol=1e-9, atol=1e-9)
        return len(by_spark)


def prepare(file: Path, target: Path) -> int:
    """Write the candles of a file with gold's names and types, and return how many there are."""
    prices = ", ".join(f"CAST({name.title()} AS DECIMAL(38, 18)) AS {name}" for name in ("high", "low", "close"))
    minute = "CAST(make_timestamp(CAST(Timestamp AS BIGINT) * 1000000) AS TIMESTAMP) AS minute"
    rows = f"SELECT 'BTC-USD' AS product_id, {minute}, {prices} FROM read_parquet('{file}') ORDER BY minute"
    duckdb.execute(f"COPY ({rows}) TO '{target}' (COMPRESSION zstd)")
    return int(duckdb.execute(f"SELECT count(*) FROM read_parquet('{target}')").fetchall()[0][0])


def measure(engines: Engines, aggregate: Aggregate, rounds: int) -> dict[str, object]:
    """Take both engines in turn; the first round only warms up, and shows that they agree."""
    ways: dict[str, tuple[Callable[[Aggregate], None], Callable[[], float]]] = {
        "spark": (engines.spark, lambda: cpu_seconds(engines.java_pid)),
        "duckdb": (engines.duckdb, time.process_time),
    }
    taken: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for _ in range(1 + rounds):
        for name, (action, spent) in ways.items():
            wall, cpu = time.perf_counter(), spent()
            action(aggregate)
            taken[name].append((time.perf_counter() - wall, spent() - cpu))
    figures: dict[str, object] = {"rows": engines.compare(aggregate)}
    for name, each in taken.items():
        figures[f"{name}_first_s"] = round(each[0][0], 2)
        figures[f"{name}_s"] = extremes([wall for wall, _ in each[1:]])
        figures[f"{name}_cpu_s"] = extremes([cpu for _, cpu in each[1:]])
    pairs = list(zip(taken["spark"][1:], taken["duckdb"][1:], strict=True))
    figures["ratio"] = extremes([spark[0] / db[0] for spark, db in pairs])
    figures["cpu_ratio"] = extremes([spark[1] / db[1] for spark, db in pairs])
    return figures


def extremes(values: Sequence[float]) -> dict[str, float]:
    """Return the least, the median and the greatest value."""
    return {name: round(of(values), 2) for name, of in (("min", min), ("median", median), ("max", max))}


def main() -> None:
    """Measure, print the figures and keep them in `bench/results/`."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path, help="Parquet of minute candles: Timestamp, High, Low, Close")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    given = parser.parse_args()
    with TemporaryDirectory() as name:
        folder = Path(name)
        minutes = prepare(given.file, folder / "minutes.parquet")
        spark = scratch_session(load_settings(), folder, f"local[{CORES}]", {"spark.driver.memory": "2g"})
        engines = Engines(spark, folder / "minutes.parquet", folder)
        figures = {each.name: measure(engines, each, given.rounds) for each in AGGREGATES}
        spark.stop()
    found = {"minutes": minutes, "rounds": given.rounds, **figures, "machine": machine()}
    save(new_file("gold-aggregates"), found)
    report(**found)


if __name__ == "__main__":
    main()
