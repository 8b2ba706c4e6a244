"""Gold's three places side by side: what each holds, read without the code that copies."""

from __future__ import annotations

from typing import Any

import pyarrow.parquet as pq
from pyarrow.fs import FileSelector, FileType
from pyspark.sql import SparkSession

from pipeline.serving.clients import connect_reader, open_bucket
from pipeline.settings.serving import BucketSettings, PostgresSettings
from pipeline.tables.gold import BITCOIN_GOLD

Rows = list[tuple[Any, ...]]
NAMES = ", ".join(BITCOIN_GOLD.column_names)


def in_iceberg(spark: SparkSession) -> Rows:
    rows = spark.table(BITCOIN_GOLD.full_name).select(*BITCOIN_GOLD.column_names).collect()
    return sorted(tuple(row) for row in rows)


def in_postgres(postgres: PostgresSettings) -> Rows:
    with connect_reader(postgres) as connection:
        return sorted(connection.execute(f"SELECT {NAMES} FROM bitcoin_gold_data").fetchall())


def in_bucket(bucket: BucketSettings) -> Rows:
    rows = objects(bucket, "gold_aggregates")
    return sorted(tuple(row[name] for name in BITCOIN_GOLD.column_names) for _, part in rows for row in part)


def objects(bucket: BucketSettings, folder: str) -> list[tuple[str, list[dict[str, Any]]]]:
    """Return each object's name and rows."""
    store = open_bucket(bucket)
    selector = FileSelector(f"{bucket.name}/{folder}", recursive=True, allow_not_found=True)
    paths = [info.path for info in store.get_file_info(selector) if info.type is FileType.File]
    return [(path, pq.read_table(store.open_input_file(path)).to_pylist()) for path in sorted(paths)]
