"""A local Spark session without engines; its Iceberg catalog keeps its tables in a folder of the test run."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from pyspark.sql import SparkSession

from pipeline.settings import load_settings
from pipeline.spark.jvm import remember_classes
from pipeline.tables.catalog import ICEBERG_TABLES


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    warehouse = tmp_path_factory.mktemp("warehouse")
    session = (
        SparkSession.Builder()
        .master("local[1]")
        .appName("coinlake-tests")
        .config("spark.driver.extraClassPath", f"{load_settings().jar_dir / 'spark'}/*")
        .config("spark.sql.catalog.iceberg", "org.apache.iceberg.spark.SparkCatalog")
        .config("spark.sql.catalog.iceberg.type", "hadoop")
        .config("spark.sql.catalog.iceberg.warehouse", str(warehouse))
        .config("spark.sql.catalog.iceberg.cache-enabled", "false")
        .config("spark.sql.session.timeZone", "UTC")
        .config("spark.sql.adaptive.enabled", "false")
        .config("spark.sql.shuffle.partitions", "1")
        .config("spark.ui.enabled", "false")
        .config("spark.python.sql.dataFrameDebugging.enabled", "false")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .getOrCreate()
    )
    session.sparkContext.setLogLevel("ERROR")
    remember_classes(session)
    yield session
    session.stop()


@pytest.fixture
def lake(spark: SparkSession) -> SparkSession:
    """Give the session with every Iceberg table made anew and empty."""
    if not list((load_settings().jar_dir / "spark").glob("iceberg-spark-runtime-*.jar")):
        pytest.skip("Iceberg's jar is not in $COINLAKE_HOME/jars: `python -m pipeline.engines.jars fetch` brings it")
    for table in ICEBERG_TABLES:
        spark.sql(f"DROP TABLE IF EXISTS {table.full_name}")
        spark.sql(table.create_sql())
    return spark
