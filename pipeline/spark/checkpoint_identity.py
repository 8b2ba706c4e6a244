"""Whose checkpoint is this? Offsets mean something in one Kafka cluster and one incarnation of a topic only."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass

from pyspark.sql import SparkSession

from pipeline.errors import CheckpointMismatchError
from pipeline.spark import hdfs
from pipeline.spark.kafka_source import KafkaIdentity

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
        CheckpointMismatchError: the folder belongs to another cluster, or a topic was recreated since.
    """
    text = hdfs.read_text(spark, f"{checkpoint}/{FILE}")
    if text is None:
        identity = CheckpointIdentity(str(uuid.uuid4()), found)
    else:
        identity = confirm(CheckpointIdentity.from_json(text), found, checkpoint)
    if text != identity.to_json():
        hdfs.replace_text(spark, f"{checkpoint}/{FILE}", identity.to_json())
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
