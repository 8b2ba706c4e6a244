"""gold.forecasts and gold.forecast_scores: evaluations that were made elsewhere, each stored once.

Whoever evaluates puts a Parquet file for each table into a folder named by the run, and then a file that says that they
are all there. The folder is deleted once both tables hold the run; whatever step a crash cuts, the next look does what
is missing.
"""

from __future__ import annotations

import logging

from pyspark.errors import AnalysisException
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from pipeline.serving.requests import FAULT, READY, RUN_ID
from pipeline.spark import hdfs
from pipeline.tables.forecasts import FORECAST_SCORES, FORECASTS
from pipeline.tables.model import Table

log = logging.getLogger(__name__)

TABLES = (FORECASTS, FORECAST_SCORES)  # in the order in which they are written


class ForecastIntake:
    """Stores the evaluations that wait; called by one thread."""

    def __init__(self, spark: SparkSession, folder: str) -> None:
        self._spark = spark
        self._folder = folder

    def run(self) -> int:
        """Store what is ready, and return how many runs that was."""
        runs = [name for name in hdfs.list_names(self._spark, self._folder) if RUN_ID.fullmatch(name)]
        return sum(self._take(run) for run in runs)

    def _take(self, run: str) -> int:
        folder = f"{self._folder}/{run}"
        names = hdfs.list_names(self._spark, folder)
        if READY not in names or FAULT in names:
            return 0
        try:
            waiting = [(table, self._read(f"{folder}/{table.name}.parquet", table)) for table in TABLES]
        except AnalysisException as error:  # a column is missing, or a file
            log.error("the forecasts of run %s cannot be stored: %s", run, error)
            hdfs.replace_text(self._spark, f"{folder}/{FAULT}", str(error))
            return 0
        for table, rows in waiting:
            if self._spark.table(table.full_name).where(F.col("run_id") == run).head() is None:
                append(rows.where(F.col("run_id") == run), table)
        hdfs.delete(self._spark, folder)
        log.info("stored the forecasts of run %s", run)
        return 1

    def _read(self, path: str, table: Table) -> DataFrame:
        return to_rows(self._spark.read.parquet(path), table)


def to_rows(evaluated: DataFrame, table: Table) -> DataFrame:
    """Give what was evaluated elsewhere the table's columns and types."""
    return evaluated.select(*(F.col(column.name).cast(column.type).alias(column.name) for column in table.columns))


def append(rows: DataFrame, table: Table) -> None:
    """Append rows in one commit."""
    rows.coalesce(1).writeTo(table.full_name).append()
