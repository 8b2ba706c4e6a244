"""What questions about the trades cost on the running lake: Presto a row it groups, Spark a row of known ids."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

from bench.scaling.costs import QueryCosts, Stored
from bench.scaling.processes import cpu_seconds
from pipeline.presto import Presto
from pipeline.settings import Settings
from pipeline.spark.compaction import GOOD_FILE_BYTES
from pipeline.spark.scratch import scratch_session
from pipeline.stream.silver.trades.known_trades import KnownTrades
from pipeline.tables.model import Table
from pipeline.tables.silver import FACT_TRADES

ROUNDS = 3
GROUPED = (
    "SELECT product_id, date_trunc('minute', trade_time), min(price), max(price), sum(size), count(*) "
    f"FROM {FACT_TRADES.full_name} GROUP BY 1, 2"
)
NARROW = f"SELECT max(trade_time) FROM {FACT_TRADES.full_name} WHERE trade_time > TIMESTAMP '2100-01-01 00:00:00'"


def query_costs(settings: Settings, presto_pid: int) -> QueryCosts:
    """Measure a query that reads no row, one that groups all, and the reading of all known ids."""
    presto = Presto(settings.lake.presto_url, source="coinlake-bench")
    rows = int(presto.rows(f"SELECT count(*) FROM {FACT_TRADES.full_name}")[0][0])

    def presto_s(sql: str) -> float:
        return mean_cost(lambda: cpu_seconds(presto_pid), lambda: presto.rows(sql))

    narrow, grouped = presto_s(NARROW), presto_s(GROUPED)
    return QueryCosts(narrow, (grouped - narrow) / rows, known_ids_s_per_row(settings, presto), rows)


def mean_cost(spent: Callable[[], float], action: Callable[[], object]) -> float:
    """Return by how much `spent` grows with each action; the first round only warms up."""
    action()
    before = spent()
    for _ in range(ROUNDS):
        action()
    return (spent() - before) / ROUNDS


def known_ids_s_per_row(settings: Settings, presto: Presto) -> float:
    """Return the processor time of reading the known ids from the table's large files, with one task at a time."""
    files = f'{FACT_TRADES.catalog}.{FACT_TRADES.schema}."{FACT_TRADES.name}$files"'
    # No compaction replaces these meanwhile.
    found = presto.rows(f"SELECT file_path, record_count FROM {files} WHERE file_size_in_bytes >= {GOOD_FILE_BYTES}")
    if not found:
        raise SystemExit(f"the trades fill no file of {GOOD_FILE_BYTES} bytes yet: a million of them are needed")
    with tempfile.TemporaryDirectory() as folder:
        spark = scratch_session(settings, Path(folder), "local[1]", {})
        java = spark.sparkContext._gateway.proc.pid  # type: ignore[union-attr]  # noqa: SLF001 - told nowhere else
        table = spark.read.parquet(*(path for path, _ in found))
        seconds = mean_cost(lambda: cpu_seconds(java), lambda: KnownTrades().read(table))
        spark.stop()
    return seconds / sum(int(rows) for _, rows in found)


def stored(settings: Settings, table: Table, least_rows: int = 5000) -> Stored:
    """Return how large a row is in a table's larger files: small ones are merged sooner or later."""
    files = f'{table.catalog}.{table.schema}."{table.name}$files"'
    sql = f"SELECT sum(file_size_in_bytes), sum(record_count), count(*) FROM {files} WHERE record_count >= {least_rows}"
    size, rows, count = Presto(settings.lake.presto_url, source="coinlake-bench").rows(sql)[0]
    return Stored(int(size) / int(rows), int(rows), int(count))
