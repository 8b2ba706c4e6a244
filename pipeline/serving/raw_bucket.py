"""streaming_raw/ in the bucket: every record of the topic bitcoin_data once, as Parquet by the day of its minute.

A range of offsets is noted in the manifest before its objects are put and crossed off after them. They are called after
the range, so that a run that follows a crash puts the same objects again, over those that are there.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from pipeline.events.candles import BITCOIN_DATA
from pipeline.failpoints import reach
from pipeline.serving.bucket import Bucket
from pipeline.settings.serving import BucketSettings
from pipeline.spark.time_ranges import moment
from pipeline.tables.bronze import BRONZE_EVENTS
from pipeline.tables.columns import OHLCV
from pipeline.tables.model import TIMESTAMP

if TYPE_CHECKING:
    import pyarrow as pa

FOLDER = "streaming_raw"
RANGE_RECORDS = 100_000  # 40 MB in memory
UNREADABLE = "__HIVE_DEFAULT_PARTITION__"
"""The date of a record without a minute that can be read."""
STEP_BACK = timedelta(minutes=10)  # by which the broker's clock may be set back unnoticed; then all of bronze is read
NO_ID = "-"
NUMBERS = tuple(column.name for column in OHLCV)
FIELDS = ("source", "product_id", "minute", *NUMBERS, "is_filled")
LATEST_MS = 253_402_300_800_000  # the year 10000; Spark's times go little further

Manifest = dict[str, Any]
"""By topic id: `next`, the first offset that is not there yet; `until`, the end of a range being written; `time`, the
newest record's."""
URL_SAFE = str.maketrans("/+", "_-")  # a topic's id is base64, in which a slash would make a folder


class RawBucket:
    """Copies raw candles to the bucket of the settings."""

    def __init__(self, spark: SparkSession, settings: BucketSettings) -> None:
        self._spark = spark
        self._settings = settings

    def sync(self) -> int:
        """Put all records that bronze holds and the bucket does not; return how many.

        Raises:
            SinkError: the bucket is away, refuses, or is full; nothing is lost, and the next call resumes.
        """
        bucket = Bucket(self._settings)
        manifest: Manifest = bucket.state(FOLDER) or {}
        if not manifest:
            bucket.clear(FOLDER)
        return sum(self._sync_topic(bucket, manifest, topic_id) for topic_id in self._topic_ids(manifest))

    def _topic_ids(self, manifest: Manifest) -> list[str]:
        """Return the ids that the topic has had, as far as they have new records, the oldest first."""
        times = [datetime.fromisoformat(state["time"]) for state in manifest.values()]
        rows = self._topic(max(times) - STEP_BACK if times else None)
        found = rows.groupBy(_topic_id().alias("id")).agg(F.min("kafka_time").alias("first")).orderBy("first").collect()
        return [row["id"] for row in found]

    def _sync_topic(self, bucket: Bucket, manifest: Manifest, topic_id: str) -> int:
        records = 0
        state = manifest.setdefault(topic_id, {"next": 0, "until": None, "time": "1970-01-01T00:00:00"})
        rows, end = self._rows_from(topic_id, state)
        while state["until"] is not None or state["next"] < end:
            if state["until"] is None:
                state["until"] = min(end, state["next"] + RANGE_RECORDS)
                bucket.put_state(FOLDER, manifest)
                reach("raw.begun")
            inside = F.col("offset").between(state["next"], state["until"] - 1)  # other files are skipped by it
            table = to_raw(rows.where(inside)).toArrow()
            if table.num_rows < state["until"] - state["next"]:  # some may stand at an earlier time
                table = to_raw(self._records(topic_id).where(inside)).toArrow()
            for key, part in _objects(table, topic_id, state):
                bucket.put(key, part)
            reach("raw.objects")
            if table.num_rows:
                state["time"] = max(table["kafka_time"].to_pylist()).isoformat()
            state["next"], state["until"] = state["until"], None
            bucket.put_state(FOLDER, manifest)
            records += table.num_rows
        return records

    def _rows_from(self, topic_id: str, state: dict[str, Any]) -> tuple[DataFrame, int]:
        """Return the records from `next` on, and the offset after the newest of them, `next` where there is none.

        Bronze is read from the time of the last record on, unless offsets do not run on there.
        """
        for since in (datetime.fromisoformat(state["time"]) - STEP_BACK, None):
            rows = self._records(topic_id, since).where(F.col("offset") >= state["next"])
            first, last = rows.agg(F.min("offset"), F.max("offset")).collect()[0]
            if first is None or first == state["next"]:
                break
        return rows, state["next"] if last is None else last + 1

    def _records(self, topic_id: str, since: datetime | None = None) -> DataFrame:
        return self._topic(since).where(_topic_id() == topic_id)

    def _topic(self, since: datetime | None) -> DataFrame:
        rows = self._spark.table(BRONZE_EVENTS.full_name).where(F.col("topic") == BITCOIN_DATA.name)
        return rows if since is None else rows.where(F.col("kafka_time") >= moment(since))


def to_raw(records: DataFrame) -> DataFrame:
    """Give bronze's records the objects' columns; a record that bronze holds twice, of a topic without id, is one."""
    text = F.make_valid_utf8(F.col("payload").cast("string"))  # Arrow takes no other; the bytes stay in bronze
    parsed = records.dropDuplicates(["topic_id", "partition", "offset"]).withColumn("text", text)
    fields = F.from_json("text", ", ".join(f"{name} string" for name in FIELDS))
    ms = F.col("fields.minute").try_cast("bigint")
    minute = F.timestamp_millis(F.when(ms.between(0, LATEST_MS), ms)).cast(TIMESTAMP)
    return (
        parsed.withColumn("fields", fields)
        .select(
            *("topic", "partition", "offset", "kafka_time"),
            F.col("text").alias("payload"),
            *(F.col(f"fields.{name}").alias(name) for name in ("source", "product_id")),
            minute.alias("minute"),
            *(F.col(f"fields.{name}").try_cast("decimal(38,18)").alias(name) for name in NUMBERS),
            F.col("fields.is_filled").try_cast("boolean").alias("is_filled"),
            F.coalesce(F.date_format(minute, "yyyy-MM-dd"), F.lit(UNREADABLE)).alias("date"),
        )
        .orderBy("offset")
    )


def _objects(rows: pa.Table, topic_id: str, state: dict[str, Any]) -> Iterator[tuple[str, pa.Table]]:
    """Yield the objects of a range: one a day, called after the range."""
    import pyarrow.compute as pc

    for date in sorted(pc.unique(rows["date"]).to_pylist()):
        name = f"{topic_id.translate(URL_SAFE)}-{state['next']:012d}-{state['until'] - 1:012d}.parquet"
        yield f"{FOLDER}/date={date}/{name}", rows.filter(pc.equal(rows["date"], date)).drop_columns(["date"])


def _topic_id() -> Column:
    return F.coalesce(F.col("topic_id"), F.lit(NO_ID))
