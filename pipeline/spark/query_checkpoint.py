"""A query's own checkpoint folder: its id, and how far each of its batches reaches."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from pyspark.sql import SparkSession

from pipeline.spark import hdfs
from pipeline.spark.checkpoint_identity import CheckpointIdentity
from pipeline.spark.positions import Offsets, Positions, by_topic_id

ID_FILE = "coinlake-id"


def _unknown(_batch: int) -> Positions:
    return {}


@dataclass(frozen=True)
class QueryCheckpoint:
    """What a table's snapshots are marked with.

    `id` changes when the folder is deleted, with which batch numbers start again. `ends` returns the positions up to
    which a batch reads, in every partition. `spark_id` is Spark's own id of the query, None before its first start.
    """

    id: str
    ends: Callable[[int], Positions] = _unknown
    spark_id: str | None = None


def claim_query(spark: SparkSession, folder: str, root: CheckpointIdentity) -> QueryCheckpoint:
    """Return the checkpoint in a query's folder, with a new id where there is none yet.

    Folders from before there was an id for each query are marked with the one of all queries: they keep it.
    """
    metadata = hdfs.read_text(spark, f"{folder}/metadata")
    found = hdfs.read_text(spark, f"{folder}/{ID_FILE}")
    if found is None:
        found = str(uuid.uuid4()) if metadata is None else root.id
        hdfs.replace_text(spark, f"{folder}/{ID_FILE}", found)
    return QueryCheckpoint(
        id=found,
        ends=partial(read_ends, spark, folder, root.kafka.topic_ids),
        spark_id=None if metadata is None else json.loads(metadata)["id"],
    )


def read_ends(spark: SparkSession, folder: str, topic_ids: Mapping[str, str], batch: int) -> Positions:
    """Return the positions up to which a batch reads, from Spark's log of the offsets, written before a batch runs."""
    text = hdfs.read_text(spark, f"{folder}/offsets/{batch}")
    return {} if text is None else by_topic_id(parse_offsets(text), topic_ids)


def parse_offsets(text: str) -> Offsets:
    """Read a file of Spark's offset log: version, the batch's metadata, and a line for the only source."""
    _version, _metadata, source = text.splitlines()
    offsets: Offsets = json.loads(source)
    return offsets


def logged_batches(spark: SparkSession, folder: str, log: str = "offsets") -> list[int]:
    """Return the numbers of the planned (`offsets`) or finished (`commits`) batches in Spark's log, in order."""
    return sorted(int(name) for name in hdfs.list_names(spark, f"{folder}/{log}") if name.isdigit())


def newest_offsets(spark: SparkSession, folder: str) -> Offsets:
    """Return where the query's next batch starts: where the newest finished one ends; nothing before the first."""
    finished = logged_batches(spark, folder, "commits")
    text = hdfs.read_text(spark, f"{folder}/offsets/{finished[-1]}") if finished else None
    return {} if text is None else parse_offsets(text)


def raise_offsets(text: str, floor: Offsets) -> str:
    """Return a file of Spark's offset log in which no offset lies below the `floor`."""
    version, metadata, _source = text.splitlines()
    raised = {
        topic: {partition: max(offset, floor.get(topic, {}).get(partition, 0)) for partition, offset in found.items()}
        for topic, found in parse_offsets(text).items()
    }
    return "\n".join((version, metadata, json.dumps(raised, separators=(",", ":"))))
