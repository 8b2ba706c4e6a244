"""Sessions that plan otherwise than the lake's own; tables, caches and the Spark context are shared."""

from __future__ import annotations

from pyspark.sql import SparkSession


def exact_session(spark: SparkSession) -> SparkSession:
    """Return a session of its own that keeps decimals of scale 18 and more where Spark by default cuts to 6."""
    session = spark.newSession()
    session.sql("USE iceberg")  # loads the catalog: Iceberg's own classes would not find it, asked before any query
    session.conf.set("spark.sql.decimalOperations.allowPrecisionLoss", "false")
    return session


def set_compiled(spark: SparkSession, is_compiled: bool) -> None:
    """Have the session's queries run as generated code, or interpreted."""
    spark.conf.set("spark.sql.codegen.wholeStage", str(is_compiled).lower())
    spark.conf.set("spark.sql.codegen.factoryMode", "FALLBACK" if is_compiled else "NO_CODEGEN")
