"""The Spark session of every job: catalogs, and the settings that were measured to matter."""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path
from xml.etree import ElementTree

from pyspark.sql import SparkSession

from pipeline.engines.memory import heap
from pipeline.errors import SettingsError
from pipeline.settings import Settings
from pipeline.spark.executors import JAVA_OPTIONS, executor_options, is_local
from pipeline.spark.jvm import remember_classes
from pipeline.spark.local_dirs import claim_local_dir, local_dir

OWN_OPTIONS = "spark-defaults.conf"
"""A file in the home: the user's own options, which win over ours."""

OWN_OPTION = re.compile(r"(?P<name>spark\.[^\s=]+)(\s*=\s*|\s+)(?P<value>[^\s=].*)")

FILE_CLOSING = "dfs.client.block.write.locateFollowingBlock."
"""The beginning of the names of those HDFS settings without which each file takes 400 ms longer to close."""


def use_lakes_environment(settings: Settings) -> None:
    """Have a JVM that is started next read the lake's own Hadoop settings."""
    # A driver that binds to a container bridge's address hangs when the bridge goes.
    os.environ.setdefault("SPARK_LOCAL_IP", settings.listen_host)
    os.environ.setdefault("HADOOP_CONF_DIR", str(settings.conf_dir / "hadoop"))


def create_session(settings: Settings, app_name: str) -> SparkSession:
    """Return a session with the `iceberg` catalog on our metastore; times are UTC."""
    use_lakes_environment(settings)
    claim_local_dir(settings.data_dir)
    builder = SparkSession.Builder().appName(app_name).master(settings.lake.spark_master)
    for name, value in session_options(settings).items():
        builder = builder.config(name, value)
    spark = builder.getOrCreate()
    remember_classes(spark)
    return spark


def session_options(settings: Settings) -> dict[str, str]:
    """Return all options of the session.

    Raises:
        SettingsError: a line of the user's own options cannot be read, or there are no jars for a cluster's executors.
    """
    on_cluster = {} if is_local(settings.lake.spark_master) else executor_options(settings)
    ours = {**_catalog(settings), **_hdfs(settings), **_engine(settings), **_latency(), **on_cluster}
    return {**ours, **_own(settings.home / OWN_OPTIONS)}


def _catalog(settings: Settings) -> dict[str, str]:
    return {
        "spark.sql.extensions": "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions",
        "spark.sql.catalog.iceberg": "org.apache.iceberg.spark.SparkCatalog",
        "spark.sql.catalog.iceberg.type": "hive",
        "spark.sql.catalog.iceberg.uri": settings.lake.metastore_uri,
        "spark.sql.catalog.iceberg.warehouse": settings.lake.warehouse,
        # Another writer's commit (maintenance runs beside the streams) must be seen by the next batch.
        "spark.sql.catalog.iceberg.cache-enabled": "false",
        # Hive 2.3.10 has the atomic alter of HIVE-26882 but no lock tables.
        "spark.hadoop.iceberg.engine.hive.lock-enabled": "false",
        "spark.hadoop.hive.metastore.uris": settings.lake.metastore_uri,
        "spark.hadoop.fs.defaultFS": settings.lake.hdfs_uri,
    }


def _hdfs(settings: Settings) -> dict[str, str]:
    """Return how files are closed, from our hdfs-site.xml: HADOOP_CONF_DIR may name another cluster's."""
    file = settings.conf_dir / "hadoop" / "hdfs-site.xml"
    if not file.exists():
        return {}
    entries = ElementTree.parse(file).getroot()  # noqa: S314  # we rendered it
    values = {entry.findtext("name", ""): entry.findtext("value", "") for entry in entries}
    return {f"spark.hadoop.{name}": value for name, value in values.items() if name.startswith(FILE_CLOSING)}


def _own(file: Path) -> dict[str, str]:
    """Read lines of `spark.NAME VALUE`, as Spark's own such file has them."""
    lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
    options = {}
    for number, line in enumerate(map(str.strip, lines), start=1):
        if not line or line.startswith("#"):
            continue
        found = OWN_OPTION.fullmatch(line)
        if found is None:
            raise SettingsError(f"{file}:{number}", line, "spark.NAME VALUE")
        options[found["name"]] = found["value"]
    return options


def _engine(settings: Settings) -> dict[str, str]:
    jars = f"{settings.jar_dir / 'spark'}/*"
    logging = f"-Dlog4j2.configurationFile={(settings.conf_dir / 'spark' / 'log4j2.properties').as_uri()}"
    temporary = tempfile.gettempdir()  # TMPDIR, which the start script empties
    return {
        "spark.driver.memory": heap("spark", small=settings.small),
        "spark.driver.extraClassPath": jars,
        "spark.driver.extraJavaOptions": " ".join((*JAVA_OPTIONS, logging, f'"-Djava.io.tmpdir={temporary}"')),
        "spark.driver.host": settings.topology.advertised_host,
        "spark.driver.bindAddress": settings.listen_host,
        "spark.ui.port": str(settings.port("spark_ui")),
        "spark.ui.showConsoleProgress": "false",
        "spark.ui.killEnabled": "false",  # a form on any web page that the user opens could send the order
        "spark.port.maxRetries": "0",  # a second driver on our port is a mistake to be seen, not to be dodged
        "spark.local.dir": str(local_dir(settings.data_dir)),
        "spark.sql.warehouse.dir": settings.lake.warehouse,
        "spark.sql.session.timeZone": "UTC",
        # coin_data's files are written where no reader looks: they need no second move, and no mark when all are there.
        "spark.hadoop.mapreduce.fileoutputcommitter.algorithm.version": "2",
        "spark.hadoop.mapreduce.fileoutputcommitter.marksuccessfuljobs": "false",
        # A driver that lives for months must not keep every batch's page.
        "spark.ui.retainedJobs": "50",
        "spark.ui.retainedStages": "50",
        "spark.ui.retainedTasks": "500",
        "spark.sql.ui.retainedExecutions": "20",
        "spark.sql.streaming.ui.retainedProgressUpdates": "20",
        "spark.sql.streaming.minBatchesToRetain": "20",
    }


def _latency() -> dict[str, str]:
    """Settings whose effect was measured on two cores; the greatest of them stands in the rendered hdfs-site.xml."""
    return {
        # The JVM never compiles a method of more bytecode than this, and checking an event is one long method; with
        # the limit Spark splits it up instead: a batch of 500 events took 450 ms to parse, and takes 150.
        "spark.sql.codegen.hugeMethodLimit": "8000",
        "spark.sql.adaptive.enabled": "false",
        "spark.sql.shuffle.partitions": "1",
        "spark.sql.streaming.metricsEnabled": "false",
        # A batch is kept for its two reads, a second at most: compressing it costs more than it saves.
        "spark.sql.inMemoryColumnarStorage.compressed": "false",
        # Each batch's plan is written out for the web page.
        "spark.sql.ui.explainMode": "simple",
        "spark.sql.debug.maxToStringFields": "5",
        "spark.sql.streaming.noDataMicroBatches.enabled": "false",
        "spark.scheduler.mode": "FAIR",
        # Python would tell the JVM for each column expression on which line it stands: two calls more for each.
        "spark.python.sql.dataFrameDebugging.enabled": "false",
    }
