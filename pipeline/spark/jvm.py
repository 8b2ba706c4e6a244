"""The one door from Python to Java objects that PySpark has no interface for: Iceberg's tables, HDFS, the metastore."""

from __future__ import annotations

from typing import Any, TypeAlias

from pyspark.sql import SparkSession

JavaObject: TypeAlias = Any
"""A Java object behind Py4J; its methods are Java's."""


PYSPARK_CLASSES = (
    "functions",
    "org.apache.spark.sql.functions",
    "PythonUtils",
    "org.apache.spark.sql.classic.SparkSession",
    "org.apache.spark.sql.expressions.Window",
    "org.apache.spark.storage.StorageLevel",
)
"""What PySpark itself looks up, by the names it uses, for each column, expression and cache."""


def java_class(spark: SparkSession, name: str) -> JavaObject:
    """Return a Java class by its full name, `Outer$Inner` for an inner one; it is looked up once a process.

    Py4J asks the JVM at each use, and the JVM searches all jars for each part of a name that might be a class: these
    searches took a quarter of the streaming driver's processor time.
    """
    view = spark.sparkContext._jvm  # noqa: SLF001 - PySpark has no public way
    if name not in vars(view):
        setattr(view, name, getattr(view, name))
    return getattr(view, name)


def remember_classes(spark: SparkSession) -> None:
    """Have PySpark find its own classes without asking the JVM each time."""
    for name in PYSPARK_CLASSES:
        java_class(spark, name)


def kill_jvm(spark: SparkSession) -> None:
    """End the driver's JVM at once: a thread that hangs in it would hang its orderly stop, too."""
    spark.sparkContext._gateway.proc.kill()  # type: ignore[union-attr]  # noqa: SLF001 - as above


def hadoop_conf(spark: SparkSession) -> JavaObject:
    """Return the driver's Hadoop configuration."""
    return spark.sparkContext._jsc.hadoopConfiguration()  # noqa: SLF001 - as above


def java_session(spark: SparkSession) -> JavaObject:
    """Return the Scala SparkSession."""
    return spark._jsparkSession  # noqa: SLF001 - as above


def java_array(spark: SparkSession, kind: JavaObject, *items: JavaObject) -> JavaObject:
    """Return a Java array, which Java's variable arguments need."""
    array = spark.sparkContext._gateway.new_array(kind, len(items))  # type: ignore[union-attr]  # noqa: SLF001
    for index, item in enumerate(items):
        array[index] = item
    return array
