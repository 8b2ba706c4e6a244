"""Large records in bronze: what a batch holds in memory follows from the table's row groups, not from its records."""

from __future__ import annotations

import random
from datetime import datetime

import duckdb
from pyspark.sql import SparkSession

from pipeline.events.trades import RAW_TRADES
from pipeline.spark.query_checkpoint import QueryCheckpoint
from pipeline.stream.bronze.events import BronzeWriter
from pipeline.tables.bronze import BRONZE_EVENTS
from tests.support.trades import RECORD_SCHEMA

RECORD_BYTES = 500_000
RECORDS = 240


def test_a_row_group_ends_soon_after_16_mb_even_behind_small_records(lake: SparkSession) -> None:
    noise = random.Random(7)
    payloads = [b"small"] * 5_000 + [noise.randbytes(RECORD_BYTES) for _ in range(RECORDS)]
    rows = [
        (RAW_TRADES.name, "t1", 0, offset, datetime(2026, 1, 13, 12), None, bytearray(payload), None)
        for offset, payload in enumerate(payloads)
    ]
    BronzeWriter(lake, QueryCheckpoint("c1"))(lake.createDataFrame(rows, RECORD_SCHEMA), 0)
    assert lake.table(BRONZE_EVENTS.full_name).count() == len(payloads)
    (file,) = lake.table(f"{BRONZE_EVENTS.full_name}.files").select("file_path").collect()
    sizes = row_group_bytes(file.file_path.removeprefix("file:"))
    assert len(sizes) >= 2
    assert max(sizes) < 32 * 1024 * 1024 + 100 * RECORD_BYTES


def row_group_bytes(path: str) -> list[int]:
    """Return the compressed size of each row group of a Parquet file."""
    query = "SELECT sum(total_compressed_size) FROM parquet_metadata(?) GROUP BY row_group_id"
    return [int(size) for (size,) in duckdb.execute(query, [path]).fetchall()]
