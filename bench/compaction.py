"""A day of trades in many small files, merged under a reader: `python -m bench.compaction`. The lake must run.

A table like `silver.fact_crypto_trades` gets a million trades of one day in so many files, by a session of its own,
and nobody looks after it meanwhile: it is as a lake finds it whose maintenance stood still for a day. Then the lake's
maintenance does its usual round (`compact_s`) and closes the day, which is over (`close_s`), while a reader counts the
table through Presto all the time. `lag` is how many records of `coinbase-raw-trades` the lake's stream is behind.
"""

from __future__ import annotations

import argparse
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from bench.measure import report, timed
from bench.results_folder import machine, new_file, save
from pipeline.events.trades import RAW_TRADES
from pipeline.health.topic_states import topic_states
from pipeline.presto import Presto
from pipeline.settings import Settings, load_settings
from pipeline.spark.appending import load_table
from pipeline.spark.compaction import data_files
from pipeline.spark.maintenance import TableKeeper
from pipeline.spark.scratch import scratch_session
from pipeline.spark.session import session_options, use_lakes_environment
from pipeline.tables.silver import FACT_TRADES

DAY = "2026-01-01 00:00:00"
DAY_S = 86_400
PAUSE_S = 0.5  # between two questions of the reader
TABLE = replace(FACT_TRADES, schema="bench", name="trades_of_a_day")
COUNT = (Path(__file__).parent / "sql" / "day_counts.sql").read_text(encoding="utf-8").format(table=TABLE.full_name)
OF_THE_LAKE = ("spark.sql.catalog.", "spark.hadoop.")


@dataclass
class Watch:
    """What is seen meanwhile: answers to a reader, and how far the lake's stream is behind."""

    answers: int = 0
    faults: list[str] = field(default_factory=list)
    longest_s: float = 0.0
    lag: list[int] = field(default_factory=list)


@contextmanager
def watching(settings: Settings) -> Iterator[Watch]:
    """Read the table and look at the lag, in threads, while the block runs."""
    watch, stop = Watch(), threading.Event()
    threads = [threading.Thread(target=each, args=(settings, watch, stop)) for each in (read, follow_lag)]
    for thread in threads:
        thread.start()
    try:
        yield watch
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def read(settings: Settings, watch: Watch, stop: threading.Event) -> None:
    """Count the table again and again: the count must not fall, and no trade may be there twice."""
    presto, known = Presto(settings.lake.presto_url, "bench.compaction"), 0
    while not stop.is_set():
        started = time.monotonic()
        try:
            rows, ids = map(int, presto.rows(COUNT)[0])
        except Exception as error:  # noqa: BLE001 - whatever a reader would see
            watch.faults.append(repr(error))
            continue
        if rows != ids or rows < known:
            watch.faults.append(f"{rows} rows of {ids} trades, after {known} rows")
        watch.answers, known = watch.answers + 1, rows
        watch.longest_s = max(watch.longest_s, time.monotonic() - started)
        stop.wait(PAUSE_S)


def follow_lag(settings: Settings, watch: Watch, stop: threading.Event) -> None:
    """Note the stream's lag every second."""
    while not stop.wait(1):
        (state,) = topic_states(settings, [RAW_TRADES.name], 10)
        watch.lag.append(state.lag or 0)


def session(settings: Settings, folder: Path) -> SparkSession:
    """Return a session on the lake's tables that shares nothing else with the lake's own."""
    use_lakes_environment(settings)  # without its hdfs-site.xml each file would take 400 ms longer to close
    options = {name: value for name, value in session_options(settings).items() if name.startswith(OF_THE_LAKE)}
    return scratch_session(settings, folder, "local[2]", {**options, "spark.driver.memory": "1g"})


def append(spark: SparkSession, ids: range, rows: int, files: int) -> None:
    """Append trades with these ids, out of so many of the day, in one commit of so many files."""
    seconds = F.expr(f"CAST(id * {DAY_S} / {rows} AS int)")
    trades = (
        spark.range(ids.start, ids.stop, 1, files)
        .withColumn("trade_time", F.expr(f"TIMESTAMP_NTZ '{DAY}'") + F.make_dt_interval(secs=seconds))
        .selectExpr(
            "'bench' AS source", "'BTC-USD' AS product_id", "id AS trade_id",
            "CAST(30000 + rand() * 1000 AS decimal(38,18)) AS price", "CAST(rand() AS decimal(38,18)) AS size",
            "'buy' AS side", "trade_time", "trade_time AS received_at", "'matches' AS channel",
            "trade_time AS ingested_at", f"'{RAW_TRADES.name}' AS topic", "0 AS partition", "id AS offset",
        )
    )  # fmt: skip
    trades.select(*TABLE.column_names).writeTo(TABLE.full_name).append()


def measure(settings: Settings, rows: int, files: int, commits: int) -> dict[str, object]:
    """Write the day, then have it merged; return the figures."""
    with tempfile.TemporaryDirectory() as folder:
        spark = session(settings, Path(folder))
        spark.sparkContext.setLogLevel("ERROR")
        spark.sql(f"CREATE NAMESPACE IF NOT EXISTS iceberg.{TABLE.schema}")
        spark.sql(f"DROP TABLE IF EXISTS {TABLE.full_name} PURGE")
        spark.sql(TABLE.create_sql())
        begun = time.monotonic()
        for commit in range(commits):
            ids = range(rows * commit // commits, rows * (commit + 1) // commits)
            append(spark, ids, rows, files // commits)
        write_s, before = time.monotonic() - begun, data_files(load_table(spark, TABLE))
        keeper = TableKeeper(spark, TABLE)
        with watching(settings) as watch:
            wait_until_seen(watch)
            lag_before = watch.lag[-1]
            compact_s, close_s = timed(keeper.run), timed(keeper.tidy)
            left = data_files(load_table(spark, TABLE))
            wait_until_seen(watch)
        spark.stop()
    return {
        "rows": rows,
        "commits": commits,
        "write_s": round(write_s, 1),
        "files_before": before,
        "compact_s": round(compact_s, 1),
        "close_s": round(close_s, 1),
        "files_after": left,
        "reader": {"answers": watch.answers, "longest_s": round(watch.longest_s, 2), "faults": watch.faults},
        "lag": {"before": lag_before, "after": watch.lag[-1], "max": max(watch.lag)},
        "machine": machine(),
    }


def wait_until_seen(watch: Watch) -> None:
    """Wait for one more answer to the reader, and one more look at the lag."""
    answers, looks = watch.answers, len(watch.lag)
    while watch.answers == answers or len(watch.lag) == looks:
        time.sleep(0.1)


def main() -> None:
    """Measure, print and keep the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--files", type=int, default=DAY_S // 10, help="files that the day is written in")
    parser.add_argument("--commits", type=int, default=12, help="commits that they come in")
    given = parser.parse_args()
    figures = measure(load_settings(), given.rows, given.files, given.commits)
    save(new_file("compaction"), figures)
    report(**figures)


if __name__ == "__main__":
    main()
