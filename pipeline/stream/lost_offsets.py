"""Records that Kafka deleted before a stream had read them: nobody can bring them back, but they are not lost silently.

At each start the positions of the streams are compared with the oldest records that Kafka still has. What lies between
is a lost range: the job refuses to start and states the ranges in `lost-offsets.json` beside the checkpoints. When
`skip_lost_offsets.sh` has accepted that file, the next start writes a row for each range to silver.rejected_events and
moves the stream past it.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from confluent_kafka import TopicPartition

# Documented under this name, though the package's type information forgets to export it.
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined]
from pyspark.sql import SparkSession

from pipeline.errors import LostOffsetsError
from pipeline.spark import hdfs
from pipeline.spark.kafka_source import ADMIN_TIMEOUT_S, KafkaSource
from pipeline.spark.local_rows import local_rows
from pipeline.spark.positions import Offsets
from pipeline.spark.query_checkpoint import logged_batches, newest_offsets, raise_offsets
from pipeline.tables.silver import REJECTED_EVENTS

log = logging.getLogger(__name__)

LOST_FILE = "lost-offsets.json"
ACCEPTED_FILE = "lost-offsets-accepted.json"
REASON = "deleted by Kafka before it was read"


@dataclass(frozen=True)
class LostRange:
    """Offsets, from `first` to `last`, that a stream had still to read when Kafka deleted them."""

    stream: str
    topic: str
    partition: int
    first: int
    last: int

    def __str__(self) -> str:
        count = self.last - self.first + 1
        return (
            f"stream {self.stream}: {self.topic} partition {self.partition}, offsets {self.first} to {self.last} "
            f"({count} record{'' if count == 1 else 's'})"
        )


def resolve_lost_offsets(source: KafkaSource, root: str, streams: Iterable[str], admin: AdminClient) -> None:
    """Skip what was lost and has been accepted.

    Raises:
        LostOffsetsError: something was lost that nobody has accepted.
    """
    positions = {stream: newest_offsets(source.spark, f"{root}/{stream}") for stream in streams}
    lost = find_lost(positions, oldest_offsets(admin, positions.values()))
    if not lost:
        return
    accepted = hdfs.read_text(source.spark, f"{root}/{ACCEPTED_FILE}")
    if accepted is None or not is_accepted(lost, from_json(accepted)):
        hdfs.replace_text(source.spark, f"{root}/{LOST_FILE}", to_json(lost))
        raise LostOffsetsError([str(each) for each in lost])
    record(source, lost)
    for stream in positions:
        skip(source.spark, f"{root}/{stream}", [each for each in lost if each.stream == stream])
    hdfs.delete(source.spark, f"{root}/{ACCEPTED_FILE}")
    for each in lost:
        log.warning("skipped for good: %s", each)


def oldest_offsets(admin: AdminClient, positions: Iterable[Offsets]) -> Offsets:
    """Return the oldest offset of each partition that a stream reads.

    Raises:
        KafkaException: the brokers do not answer.
    """
    wanted = {(topic, partition) for each in positions for topic, found in each.items() for partition in found}
    earliest = OffsetSpec.earliest()  # type: ignore[no-untyped-call]
    request = {TopicPartition(topic, int(partition)): earliest for topic, partition in wanted}
    oldest: dict[str, dict[str, int]] = {}
    if request:
        for asked, answer in admin.list_offsets(request, request_timeout=ADMIN_TIMEOUT_S).items():
            oldest.setdefault(asked.topic, {})[str(asked.partition)] = answer.result().offset
    return oldest


def find_lost(positions: Mapping[str, Offsets], oldest: Offsets) -> list[LostRange]:
    """Return what lies between the next offset of each stream and the oldest one that Kafka has."""
    return [
        LostRange(stream, topic, int(partition), offset, oldest[topic][partition] - 1)
        for stream, topics in positions.items()
        for topic, partitions in topics.items()
        for partition, offset in sorted(partitions.items())
        if offset < oldest.get(topic, {}).get(partition, 0)
    ]


def is_accepted(lost: Iterable[LostRange], accepted: Iterable[LostRange]) -> bool:
    """Return whether each range begins where an accepted one does; Kafka may have deleted more at its end since."""
    starts = {(each.stream, each.topic, each.partition, each.first) for each in accepted}
    return all((each.stream, each.topic, each.partition, each.first) in starts for each in lost)


def to_json(lost: Iterable[LostRange]) -> str:
    """Return the text of a file of ranges."""
    return json.dumps([asdict(each) for each in lost], indent=2)


def from_json(text: str) -> list[LostRange]:
    """Read a file of ranges."""
    return [LostRange(**fields) for fields in json.loads(text)]


def record(source: KafkaSource, lost: Iterable[LostRange]) -> None:
    """Write a row for each range to silver.rejected_events, once: a crash may come before the streams are moved."""
    now, ids = datetime.now(UTC).replace(tzinfo=None), source.topic_ids
    rows = [
        (each.topic, each.partition, each.first, now, f"{REASON}; {each}", None, None, ids.get(each.topic))
        for each in lost
    ]
    key = ["topic", "partition", "offset", "reason"]
    known = source.spark.table(REJECTED_EVENTS.full_name).select(*key)
    found = local_rows(source.spark, rows, REJECTED_EVENTS.spark_schema())
    found.join(known, on=key, how="left_anti").select(*REJECTED_EVENTS.column_names).coalesce(1).writeTo(
        REJECTED_EVENTS.full_name
    ).append()


def skip(spark: SparkSession, folder: str, lost: Iterable[LostRange]) -> None:
    """Move a stream past its lost ranges, in Spark's log of the finished batch and of one that was under way."""
    floor: dict[str, dict[str, int]] = {}
    for each in lost:
        floor.setdefault(each.topic, {})[str(each.partition)] = each.last + 1
    if not floor:
        return
    for number in logged_batches(spark, folder)[-2:]:
        file = f"{folder}/offsets/{number}"
        text = hdfs.read_text(spark, file)
        if text is not None:
            hdfs.replace_text(spark, file, raise_offsets(text, floor))
