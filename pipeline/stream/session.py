"""The Spark session of every job: catalogs, and the settings that were measured to matter."""

from __future__ import annotations

import os

from pyspark.sql import SparkSession

from pipeline.cluster.memory import heap
from pipeline.settings import Settings
from pipeline.stream.jvm import remember_classes


def create_session(settings: Settings, app_name: str) -> SparkSession:
    """Return a session with the `iceberg` catalog on our metastore; times are UTC."""
    # A driver that binds to a container bridge's address hangs when the bridge goes.
    os.environ.setdefault("SPARK_LOCAL_IP", settings.local_host)
    os.environ.setdefault("HADOOP_CONF_DIR", str(settings.conf_dir / "hadoop"))
    builder = SparkSession.Builder().appName(app_name).master(settings.spark_master)
    for name, value in {**_catalog(settings), **_engine(settings), **_latency()}.items():
        builder = builder.config(name, value)
    spark = builder.getOrCreate()
    remember_classes(spark)
    return spark


def _catalog(settings: Settings) -> dict[str, str]:
    return {
        "spark.sql.extensions": "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions",
        "spark.sql.catalog.iceberg": "org.apache.iceberg.spark.SparkCatalog",
        "spark.sql.catalog.iceberg.type": "hive",
        "spark.sql.catalog.iceberg.uri": settings.metastore_uri,
        "spark.sql.catalog.iceberg.warehouse": settings.warehouse,
        # Another writer's commit (maintenance runs beside the streams) must be seen by the next batch.
        "spark.sql.catalog.iceberg.cache-enabled": "false",
        # Hive 2.3.10 has the atomic alter of HIVE-26882 but no lock tables.
        "spark.hadoop.iceberg.engine.hive.lock-enabled": "false",
        "spark.hadoop.hive.metastore.uris": settings.metastore_uri,
        "spark.hadoop.fs.defaultFS": settings.hdfs_uri,
    }


def _engine(settings: Settings) -> dict[str, str]:
    jars = f"{settings.jar_dir / 'spark'}/*"
    return {
        "spark.driver.memory": heap("spark", small=settings.small),
        "spark.driver.extraClassPath": jars,
        "spark.driver.extraJavaOptions": " ".join(_java_options(settings)),
        "spark.driver.host": settings.local_host,
        "spark.driver.bindAddress": settings.listen_host,
        "spark.ui.port": str(settings.port("spark_ui")),
        "spark.ui.showConsoleProgress": "false",
        "spark.port.maxRetries": "0",  # a second driver on our port is a mistake to be seen, not to be dodged
        "spark.local.dir": str(settings.data_dir / "spark"),
        "spark.sql.warehouse.dir": settings.warehouse,
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


def _java_options(settings: Settings) -> tuple[str, ...]:
    return (
        "-XX:+UseSerialGC",
        # The driver runs a great deal of code now and then, and a little of it all the time. As it comes, the second
        # compiler takes half a core for minutes; without it, many trades a second are too slow, and only 48 MB are kept
        # for compiled code, which the driver fills. So: room for all of it, and the second compiler for the hottest.
        "-XX:ReservedCodeCacheSize=192m",
        "-XX:Tier4InvocationThreshold=50000",
        "-XX:Tier4MinInvocationThreshold=6000",
        "-XX:Tier4CompileThreshold=150000",
        "-XX:Tier4BackEdgeThreshold=400000",
        "-XX:+ExitOnOutOfMemoryError",
        f"-Dlog4j2.configurationFile=file:{settings.conf_dir / 'spark' / 'log4j2.properties'}",
    )


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
        "spark.sql.streaming.noDataMicroBatches.enabled": "false",
        "spark.scheduler.mode": "FAIR",
        # Python would tell the JVM for each column expression on which line it stands: two calls more for each.
        "spark.python.sql.dataFrameDebugging.enabled": "false",
    }
