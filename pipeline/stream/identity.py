"""Whose checkpoint is this? Offsets mean something in one Kafka cluster and one incarnation of a topic only."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass

from pyspark.sql import SparkSession

from pipeline.errors import CheckpointMismatchError
from pipeline.stream.jvm import JavaObject, hadoop_conf, java_array, jvm
from pipeline.stream.kafka import KafkaIdentity

FILE = "identity.json"


@dataclass(frozen=True)
class CheckpointIdentity:
    """The checkpoint's own id, and the Kafka it was made for.

    The id marks every snapshot that a stream commits: batch numbers start again with a new checkpoint.
    """

    id: str
    kafka: KafkaIdentity

    def to_json(self) -> str:
        """Return the file's text."""
        return json.dumps({"id": self.id, "cluster": self.kafka.cluster, "topics": self.kafka.topics}, indent=2)

    @classmethod
    def from_json(cls, text: str) -> CheckpointIdentity:
        """Read the file's text."""
        fields = json.loads(text)
        return cls(fields["id"], KafkaIdentity(fields["cluster"], fields["topics"]))


def claim_checkpoint(spark: SparkSession, checkpoint: str, found: KafkaIdentity) -> CheckpointIdentity:
    """Return the identity of the checkpoint folder, making one where the folder is new.

    Raises:
        CheckpointMismatchError: the folder belongs to another cluster, or a topic was made anew since.
    """
    text = _read(spark, f"{checkpoint}/{FILE}")
    if text is None:
        identity = CheckpointIdentity(str(uuid.uuid4()), found)
    else:
        identity = confirm(CheckpointIdentity.from_json(text), found, checkpoint)
    if text != identity.to_json():
        _write(spark, f"{checkpoint}/{FILE}", identity.to_json())
    return identity


def confirm(recorded: CheckpointIdentity, found: KafkaIdentity, checkpoint: str) -> CheckpointIdentity:
    """Return the recorded identity with topics that are new added; refuse any other difference."""
    if recorded.kafka.cluster != found.cluster:
        raise CheckpointMismatchError(checkpoint, "Kafka cluster", recorded.kafka.cluster, found.cluster)
    for name, topic_id in recorded.kafka.topics.items():
        if found.topics.get(name, topic_id) != topic_id:
            raise CheckpointMismatchError(checkpoint, f"topic {name} with id", topic_id, found.topics[name])
    topics = {**recorded.kafka.topics, **found.topics}
    return CheckpointIdentity(recorded.id, KafkaIdentity(recorded.kafka.cluster, topics))


def _hadoop_path(spark: SparkSession, path: str) -> tuple[JavaObject, JavaObject]:
    hadoop_path = jvm(spark).org.apache.hadoop.fs.Path(path)
    return hadoop_path.getFileSystem(hadoop_conf(spark)), hadoop_path


def _read(spark: SparkSession, path: str) -> str | None:
    file_system, hadoop_path = _hadoop_path(spark, path)
    if not file_system.exists(hadoop_path):
        return None
    stream = file_system.open(hadoop_path)
    try:
        return bytes(stream.readAllBytes()).decode()
    finally:
        stream.close()


def _write(spark: SparkSession, path: str, text: str) -> None:
    """Replace a file as a whole: a crash leaves the old one or the new one."""
    file_system, target = _hadoop_path(spark, path)
    _, draft = _hadoop_path(spark, f"{path}.draft")
    stream = file_system.create(draft, True)
    stream.write(bytearray(text.encode()))
    stream.close()
    hadoop = jvm(spark).org.apache.hadoop.fs
    overwrite = java_array(spark, hadoop.Options.Rename, hadoop.Options.Rename.OVERWRITE)
    hadoop.FileContext.getFileContext(file_system.getUri(), hadoop_conf(spark)).rename(draft, target, overwrite)
