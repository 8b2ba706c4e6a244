"""A session beside the lake, for benchmarks and tests: it plans as the lake's own, and keeps its tables in a folder."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from pyspark.sql import SparkSession

from pipeline.settings import Settings
from pipeline.spark.jvm import remember_classes
from pipeline.spark.session import session_options

LAKES_OWN = re.compile(
    r"spark\.(sql\.catalog|hadoop\.(hive|fs|dfs|iceberg))\."
    r"|spark\.(driver\.(memory|extraJavaOptions|host|bindAddress)|ui\.port|port\.maxRetries|local\.dir|sql\.warehouse\.dir)$"
)
"""The options that say where the lake is, and what its driver may take of the machine."""


def scratch_options(settings: Settings, folder: Path) -> dict[str, str]:
    """Return the options of the lake's session, with the `iceberg` catalog in a folder and without a port."""
    options = session_options(replace(settings, lake=replace(settings.lake, spark_master="local")))
    return {name: value for name, value in options.items() if not LAKES_OWN.match(name)} | {
        "spark.sql.catalog.iceberg": "org.apache.iceberg.spark.SparkCatalog",
        "spark.sql.catalog.iceberg.type": "hadoop",
        "spark.sql.catalog.iceberg.warehouse": str(folder / "iceberg"),
        "spark.sql.catalog.iceberg.cache-enabled": "false",
        "spark.sql.warehouse.dir": str(folder / "hive"),
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.ui.enabled": "false",
    }


def scratch_session(settings: Settings, folder: Path, master: str, changes: Mapping[str, str]) -> SparkSession:
    """Return such a session; `changes` are laid over its options, such as the driver's memory."""
    builder = SparkSession.Builder().master(master).appName("coinlake-scratch")
    for name, value in {**scratch_options(settings, folder), **changes}.items():
        builder = builder.config(name, value)
    spark = builder.getOrCreate()
    remember_classes(spark)
    return spark
