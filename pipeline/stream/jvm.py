"""The one door from Python to Java objects that PySpark has no interface for: Iceberg's tables, HDFS, the metastore."""

from __future__ import annotations

from typing import Any, TypeAlias

from pyspark.sql import SparkSession

JavaObject: TypeAlias = Any
"""A Java object behind Py4J; its methods are Java's."""


def jvm(spark: SparkSession) -> JavaObject:
    """Return the driver's Java virtual machine: `jvm(spark).java.util.ArrayList()`."""
    return spark.sparkContext._jvm  # noqa: SLF001 - PySpark has no public way


def hadoop_conf(spark: SparkSession) -> JavaObject:
    """Return the driver's Hadoop configuration."""
    return spark.sparkContext._jsc.hadoopConfiguration()  # noqa: SLF001 - as above


def java_session(spark: SparkSession) -> JavaObject:
    """Return the Scala SparkSession."""
    return spark._jsparkSession  # noqa: SLF001 - as above


def java_array(spark: SparkSession, java_class: JavaObject, *items: JavaObject) -> JavaObject:
    """Return a Java array, which Java's variable arguments need."""
    array = spark.sparkContext._gateway.new_array(java_class, len(items))  # type: ignore[union-attr]  # noqa: SLF001
    for index, item in enumerate(items):
        array[index] = item
    return array
