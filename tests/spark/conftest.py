"""A local Spark session without engines, with the lake's own options; its tables lie in a folder of the test run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from pyspark.sql import SparkSession

from pipeline.settings import load_settings
from pipeline.spark.scratch import scratch_session
from pipeline.tables.catalog import ICEBERG_TABLES
from pipeline.tables.model import Table
from proof.jvm import SHORT_LIVED

# 192 MB for compiled code are full after a few files of tests: from then on the same code is compiled again and again.
JAVA_OPTIONS = f"-XX:+UseSerialGC {SHORT_LIVED} -XX:ReservedCodeCacheSize=512m"


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    folder = tmp_path_factory.mktemp("warehouse")
    session = scratch_session(load_settings(), folder, "local[1]", {"spark.driver.extraJavaOptions": JAVA_OPTIONS})
    session.sparkContext.setLogLevel("ERROR")
    # Without Hadoop's native library each file, and each file of checksums beside it, costs a process: `chmod`.
    hadoop = session._jvm.org.apache.hadoop.fs
    hadoop.FileSystem.getLocal(session._jsc.hadoopConfiguration()).setWriteChecksum(False)
    yield session
    session.stop()


@pytest.fixture
def lake(spark: SparkSession) -> SparkSession:
    """Give the session with every Iceberg table new and empty."""
    if not list((load_settings().jar_dir / "spark").glob("iceberg-spark-runtime-*.jar")):
        pytest.skip("Iceberg's jar is not in $COINLAKE_HOME/jars: `python -m pipeline.engines.jars fetch` brings it")
    warehouse = Path(spark.conf.get("spark.sql.catalog.iceberg.warehouse") or "")
    for table in ICEBERG_TABLES:
        if not is_new(warehouse, table):
            spark.sql(f"DROP TABLE IF EXISTS {table.full_name}")
            spark.sql(table.create_sql())
    return spark


def is_new(warehouse: Path, table: Table) -> bool:
    """Tell whether nothing was committed to a table since it was made: the first metadata is the newest."""
    newest = warehouse / table.schema / table.name / "metadata" / "version-hint.text"
    return newest.exists() and newest.read_text(encoding="utf-8") == "1"
