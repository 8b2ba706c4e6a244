"""Spark Structured Streaming from a folder of JSON files to Parquet, with what cannot be read kept apart."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F
from pyspark.sql.streaming.query import StreamingQuery

from analysis.pyspark_api.checks import check_session
from analysis.pyspark_api.price_files import PATTERN
from analysis.pyspark_api.showing import show
from pipeline.errors import UnusableInputError

RECORD = "coin STRING, timestamp STRING, price_usd DOUBLE, source STRING"
NOT_READ = "not_read"
PRICE_ROW = "coin STRING, timestamp TIMESTAMP, price_usd DOUBLE, source STRING"
OUTPUT_ROW = f"{PRICE_ROW}, reason STRING, line STRING, file STRING, status STRING"
ISO_8601 = r"^\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)$"
FILES_A_BATCH = 1000
ACCEPTED, REJECTED = "accepted", "rejected"


@dataclass(frozen=True)
class PriceStream:
    """A query and what it writes: Parquet in `output`, in the partitions status=accepted and status=rejected."""

    query: StreamingQuery
    output: Path
    spark: SparkSession = field(repr=False)

    def prices(self) -> DataFrame:
        """Return the rows so far: `coin, timestamp, price_usd, source`."""
        rows = self._rows(ACCEPTED)
        return rows.select("coin", "timestamp", "price_usd", "source")

    def rejected(self) -> DataFrame:
        """Return the lines that are no price so far: `reason, line, file`."""
        return self._rows(REJECTED).select("reason", "line", "file")

    def stop(self) -> None:
        """Stop the query; another one on the same folders resumes where this one stopped."""
        self.query.stop()

    def _rows(self, status: str) -> DataFrame:
        written = self.spark.read.schema(OUTPUT_ROW).parquet(self.output.as_uri())
        return written.where(F.col("status") == status)


def run_streaming_query_and_writer(
    spark: SparkSession, input_dir: Path, output_dir: Path, *, interval_s: float = 10.0, available_now: bool = False
) -> PriceStream:
    """Write the prices in `input_dir`'s JSON files to Parquet in `output_dir`; return the query and the Parquet's path.

    The query runs every `interval_s` until it is stopped, or, with `available_now`, once over the files that are there:
    then this returns when it has ended. Run again with the same folders, it resumes by its checkpoint, and no file is
    read twice. A line that is no price (`RECORD`'s shape, an ISO 8601 time with its zone, above 0) goes to the rejected
    rows with the reason, and stops nothing. Both folders are local; `output_dir` holds `prices` and its `checkpoint`,
    which belong together: delete both or neither.

    Raises:
        UnusableInputError: the session was stopped or is not in UTC, or the interval is not above 0.
        StreamingQueryException: with `available_now`, the query failed; it resumes at the next call.
    """
    check_session(spark)
    if interval_s <= 0:
        raise UnusableInputError(f"interval_s={interval_s:g} must be above 0")
    source, output = input_dir.resolve(), output_dir.resolve() / "prices"
    for folder in (source, output):
        folder.mkdir(parents=True, exist_ok=True)
    writer = (
        to_output_rows(_lines(spark, source))
        .coalesce(1)
        .writeStream.format("parquet")
        .partitionBy("status")
        .option("path", output.as_uri())
        .option("checkpointLocation", (output.parent / "checkpoint").as_uri())
    )
    every = {"availableNow": True} if available_now else {"processingTime": f"{round(interval_s * 1000)} milliseconds"}
    stream = PriceStream(writer.trigger(**every).start(), output, spark)
    if available_now:
        stream.query.awaitTermination()
    show(stream)
    return stream


def to_output_rows(lines: DataFrame) -> DataFrame:
    """Return `OUTPUT_ROW`'s columns of `line, file`: a price, or null values with the reason."""
    options = {"mode": "PERMISSIVE", "columnNameOfCorruptRecord": NOT_READ}
    record = F.from_json("line", f"{RECORD}, {NOT_READ} STRING", options)
    fields = lines.where(F.trim("line") != "").withColumn("record", record).select("line", "file", "record.*")
    judged = fields.withColumn("moment", _moment(F.col("timestamp"))).withColumn("reason", _reason())
    is_price = F.col("reason").isNull()

    def kept(column: str, name: str) -> Column:
        return F.when(is_price, F.col(column)).alias(name)

    return judged.select(
        kept("coin", "coin"),
        kept("moment", "timestamp"),
        kept("price_usd", "price_usd"),
        kept("source", "source"),
        F.col("reason"),
        F.when(~is_price, F.col("line")).alias("line"),
        F.when(~is_price, F.col("file")).alias("file"),
        F.when(is_price, ACCEPTED).otherwise(REJECTED).alias("status"),
    )


def _lines(spark: SparkSession, folder: Path) -> DataFrame:
    """Return the lines of the folder's files; those that the producer deleted before they were read are skipped."""
    reader = spark.readStream.format("text").option("pathGlobFilter", PATTERN).option("ignoreMissingFiles", True)
    lines = reader.option("maxFilesPerTrigger", FILES_A_BATCH).load(folder.as_uri())
    return lines.select(F.col("value").alias("line"), F.col("_metadata.file_name").alias("file"))


def _moment(text: Column) -> Column:
    return F.when(text.rlike(ISO_8601), F.try_to_timestamp(text))


def _reason() -> Column:
    price = F.col("price_usd")
    is_finite_price = (price > 0) & (price < float("inf"))  # in Spark NaN is above all
    return (
        F.when(F.col(NOT_READ).isNotNull(), f"not a JSON record of {RECORD}")
        .when(F.col("coin").isNull(), "coin is missing")
        .when(F.col("moment").isNull(), "timestamp is missing or not ISO 8601 with a zone")
        .when(price.isNull(), "price_usd is missing")
        .when(~is_finite_price, "price_usd is not a finite number above 0")
    )
