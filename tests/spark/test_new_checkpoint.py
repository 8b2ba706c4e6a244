"""A lost checkpoint: everything that Kafka still holds is read again, and no table gets a row twice or loses one."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from pathlib import Path

import pytest
from pyspark.sql import DataFrame, SparkSession

from pipeline.events.coin_prices import COIN_EVENTS
from pipeline.spark.appending import SINK_MARKS, BatchAppender, load_table
from pipeline.spark.checkpoint_identity import CheckpointIdentity
from pipeline.spark.kafka_source import KafkaIdentity
from pipeline.spark.maintenance import merge_manifests
from pipeline.spark.positions import Positions
from pipeline.spark.query_checkpoint import ID_FILE, QueryCheckpoint, claim_query
from pipeline.spark.table_creation import create_tables
from pipeline.stream.bronze.events import BronzeWriter
from pipeline.stream.silver.parsing import to_observations
from pipeline.stream.silver.query import SilverWriter
from pipeline.tables.bronze import BRONZE_EVENTS
from pipeline.tables.catalog import ICEBERG_TABLES
from pipeline.tables.silver import REJECTED_EVENTS
from tests.support.snapshots import expire_now

NOON = datetime(2026, 1, 13, 12)
SCHEMA = (
    "topic string, topic_id string, partition int, offset bigint, kafka_time timestamp, key binary, payload binary, "
    "headers array<struct<key:string,value:binary>>"
)
NAMES = (f"checkpoint {number}" for number in count())


@dataclass
class Kafka:
    """One incarnation of a topic with two partitions, of which batches are read from the start of each."""

    spark: SparkSession
    topic_id: str | None
    held: list[int] = field(default_factory=lambda: [0, 0])

    def produce(self, records: int) -> None:
        self.held = [offset + records for offset in self.held]

    def checkpoint(self, batch_size: int) -> QueryCheckpoint:
        def ends(batch: int) -> Positions:
            reached = {str(n): min(held, (batch + 1) * batch_size) for n, held in enumerate(self.held)}
            return {} if self.topic_id is None else {self.topic_id: reached}

        return QueryCheckpoint(next(NAMES), ends)

    def batch(self, number: int, batch_size: int) -> DataFrame:
        rows = [
            (COIN_EVENTS.name, self.topic_id, partition, offset, NOON, None, bytearray(b"no price"), None)
            for partition, held in enumerate(self.held)
            for offset in range(number * batch_size, min(held, (number + 1) * batch_size))
        ]
        return self.spark.createDataFrame(rows, SCHEMA).coalesce(1)

    def read_into_bronze(self, batch_size: int) -> None:
        write = BronzeWriter(self.spark, self.checkpoint(batch_size))
        for number in range(-(-max(self.held) // batch_size)):
            write(self.batch(number, batch_size), number)

    def read_into_silver(self, batch_size: int) -> None:
        write = SilverWriter(self.spark, self.checkpoint(batch_size))
        for number in range(-(-max(self.held) // batch_size)):
            write(to_observations(self.batch(number, batch_size), ("bitcoin",)), number)


def positions(spark: SparkSession, table: str = BRONZE_EVENTS.full_name) -> list[tuple[str | None, int, int]]:
    rows = spark.table(table).select("topic_id", "partition", "offset").collect()
    return sorted(((row.topic_id, row.partition, row.offset) for row in rows), key=str)


def expected(topic_id: str | None, offsets: int) -> list[tuple[str | None, int, int]]:
    return sorted(((topic_id, partition, offset) for partition in (0, 1) for offset in range(offsets)), key=str)


def test_the_same_kafka_read_again_adds_only_what_is_new(lake: SparkSession) -> None:
    kafka = Kafka(lake, "t1")
    kafka.produce(5)
    kafka.read_into_bronze(batch_size=2)
    kafka.read_into_silver(batch_size=2)
    kafka.produce(4)
    kafka.read_into_bronze(batch_size=3)
    kafka.read_into_silver(batch_size=3)
    assert positions(lake) == expected("t1", 9)
    assert positions(lake, REJECTED_EVENTS.full_name) == expected("t1", 9)


def test_another_kafka_starts_at_0_and_loses_nothing(lake: SparkSession) -> None:
    for topic_id in ("t1", "t2"):
        kafka = Kafka(lake, topic_id)
        kafka.produce(5)
        kafka.read_into_bronze(batch_size=2)
        kafka.read_into_silver(batch_size=2)
    assert positions(lake) == positions(lake, REJECTED_EVENTS.full_name) == expected("t1", 5) + expected("t2", 5)


def test_a_kafka_that_comes_back_is_known(lake: SparkSession) -> None:
    first, second = Kafka(lake, "t1"), Kafka(lake, "t2")
    for kafka in (first, second, first):
        kafka.produce(3)
        kafka.read_into_bronze(batch_size=2)
    assert positions(lake) == expected("t1", 6) + expected("t2", 3)


def test_positions_outlive_maintenance(lake: SparkSession, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.spark.maintenance.MANY_MANIFESTS", 0)
    kafka = Kafka(lake, "t1")
    kafka.produce(5)
    kafka.read_into_bronze(batch_size=2)
    for _ in range(8):
        merge_manifests(lake, load_table(lake, BRONZE_EVENTS))
        expire_now(lake, BRONZE_EVENTS)
    kafka.produce(1)
    kafka.read_into_bronze(batch_size=4)
    assert positions(lake) == expected("t1", 6)


def test_without_topic_ids_a_record_is_rather_there_twice_than_lost(lake: SparkSession) -> None:
    for _ in range(2):
        kafka = Kafka(lake, None)
        kafka.produce(2)
        kafka.read_into_bronze(batch_size=2)
    assert positions(lake) == sorted(expected(None, 2) * 2, key=str)


def test_one_query_s_new_checkpoint_is_not_taken_for_its_old_one(spark: SparkSession, tmp_path: Path) -> None:
    root = CheckpointIdentity("common", KafkaIdentity("cluster", {"t": "t1"}))
    first = claim_query(spark, f"file:{tmp_path}/trades", root)
    assert claim_query(spark, f"file:{tmp_path}/trades", root).id == first.id
    assert claim_query(spark, f"file:{tmp_path}/silver", root).id != first.id
    (tmp_path / "trades").rename(tmp_path / "away")
    assert claim_query(spark, f"file:{tmp_path}/trades", root).id != first.id


def test_a_checkpoint_of_an_older_version_keeps_its_marks(lake: SparkSession, tmp_path: Path) -> None:
    folder = tmp_path / "events"
    folder.mkdir()
    (folder / "metadata").write_text('{"id":"query-7"}')
    checkpoint = claim_query(lake, f"file:{folder}", CheckpointIdentity("common", KafkaIdentity("cluster", {})))
    assert (checkpoint.id, checkpoint.spark_id, (folder / ID_FILE).read_text()) == ("common", "query-7", "common")
    append = load_table(lake, BRONZE_EVENTS).newAppend()
    for name, value in zip(SINK_MARKS, ("query-7", "4"), strict=True):
        append.set(name, value)
    append.commit()
    appender = BatchAppender(lake, BRONZE_EVENTS, "events", checkpoint)
    assert (appender.has(4), appender.has(5)) == (True, False)


def test_offsets_are_read_from_spark_s_log(spark: SparkSession, tmp_path: Path) -> None:
    root = CheckpointIdentity(
        "common", KafkaIdentity("cluster", {"coin_events": "t1", "old": "AAAAAAAAAAAAAAAAAAAAAA"})
    )
    (tmp_path / "offsets").mkdir()
    (tmp_path / "offsets" / "3").write_text(
        'v1\n{"batchWatermarkMs":0,"conf":{}}\n{"coin_events":{"2":5,"0":7},"old":{"0":1}}'
    )
    checkpoint = claim_query(spark, f"file:{tmp_path}", root)
    assert checkpoint.ends(3) == {"t1": {"2": 5, "0": 7}}
    assert checkpoint.ends(4) == {}


def test_a_table_of_an_older_version_gets_its_new_column_and_keeps_its_rows(lake: SparkSession) -> None:
    for table in (BRONZE_EVENTS, REJECTED_EVENTS):
        lake.sql(f"ALTER TABLE {table.full_name} DROP COLUMN topic_id")
    lake.sql(f"ALTER TABLE {BRONZE_EVENTS.full_name} SET TBLPROPERTIES ('write.parquet.row-group-size-bytes'='1')")
    lake.sql(
        f"INSERT INTO {BRONZE_EVENTS.full_name} "
        "VALUES ('coin_events', 0, 0, TIMESTAMP_NTZ'2026-01-13 12:00:00', null, null, null)"
    )
    create_tables(lake, ICEBERG_TABLES)
    create_tables(lake, ICEBERG_TABLES)
    kafka = Kafka(lake, "t1")
    kafka.produce(1)
    kafka.read_into_bronze(batch_size=2)
    kafka.read_into_silver(batch_size=2)
    assert positions(lake) == sorted([*expected("t1", 1), (None, 0, 0)], key=str)
    assert positions(lake, REJECTED_EVENTS.full_name) == expected("t1", 1)
    properties = lake.sql(f"SHOW TBLPROPERTIES {BRONZE_EVENTS.full_name}").collect()
    assert {row.key: row.value for row in properties}["write.parquet.row-group-size-bytes"] == "16777216"
