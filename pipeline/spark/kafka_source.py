"""Kafka as Spark reads it, and which cluster and topics it is that we read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from confluent_kafka import TopicCollection
from confluent_kafka.admin import AdminClient
from pyspark.sql import Column, DataFrame, SparkSession
from pyspark.sql import functions as F

from pipeline.events.model import Topic
from pipeline.settings import Settings
from pipeline.settings.kafka import KafkaSecurity

NO_TOPIC_ID = "AAAAAAAAAAAAAAAAAAAAAA"  # 16 zero bytes, in Kafka's base64
ADMIN_TIMEOUT_S = 10.0

FETCH_WAIT_MS = "10"
"""How long the broker holds a fetch back for want of data. After each fetch Spark asks for the partition's ends, and
the broker answers a connection's requests one after the other: with Kafka's 500 ms, a partition of few records took
200-500 ms of each batch."""


@dataclass(frozen=True)
class KafkaIdentity:
    """Which Kafka this is: a cluster id, and an id for each topic that changes when the topic is recreated."""

    cluster: str
    topics: dict[str, str]

    @property
    def topic_ids(self) -> dict[str, str]:
        """The ids of those topics that have one; a Kafka without topic ids says zero for each."""
        return {name: topic_id for name, topic_id in self.topics.items() if topic_id != NO_TOPIC_ID}


@dataclass(frozen=True)
class KafkaSource:
    """The Kafka that the streams of one session read, with the ids of its topics by name."""

    spark: SparkSession
    settings: Settings
    topic_ids: Mapping[str, str]


@dataclass(frozen=True)
class Pace:
    """How many records a batch takes.

    At most `max_records`, so that catching up after a long stop takes no more memory than any other day. Fewer than
    `min_records` wait for more, `max_delay_s` at most: a batch costs much the same for one record as for a hundred.
    """

    max_records: int
    min_records: int = 0
    max_delay_s: int = 0

    def options(self) -> dict[str, str]:
        """Return it as options of Spark's Kafka source."""
        most = {"maxOffsetsPerTrigger": str(self.max_records)}
        if not self.min_records:
            return most
        return {**most, "minOffsetsPerTrigger": str(self.min_records), "maxTriggerDelay": f"{self.max_delay_s}s"}


def read_records(source: KafkaSource, topics: Iterable[Topic], pace: Pace, *, headers: bool = False) -> DataFrame:
    """Return a stream of Kafka records: topic, topic_id, partition, offset, kafka_time, key, payload (both binary).

    With `headers` also those, an array of key (text) and value (binary).
    The first start reads each topic from its beginning. Offsets that Kafka no longer has stop the query: a hole in
    the data is never skipped silently.
    """
    reader = (
        source.spark.readStream.format("kafka")
        .options(**client_options(source.settings))
        .option("subscribe", ",".join(topic.name for topic in topics))
        .option("startingOffsets", "earliest")
        .option("failOnDataLoss", "true")
        .option("includeHeaders", str(headers).lower())
        .option("kafka.fetch.max.wait.ms", FETCH_WAIT_MS)
        .options(**pace.options())
    )
    return reader.load().select(
        "topic",
        topic_id_of("topic", source.topic_ids).alias("topic_id"),
        *("partition", "offset"),
        F.col("timestamp").alias("kafka_time"),
        "key",
        F.col("value").alias("payload"),
        *(("headers",) if headers else ()),
    )


def topic_id_of(topic: str, topic_ids: Mapping[str, str]) -> Column:
    """Return the id of the topic that a column names, null where it has none."""
    found = F.lit(None).cast("string")
    for name, topic_id in topic_ids.items():
        found = F.when(F.col(topic) == name, F.lit(topic_id)).otherwise(found)
    return found


def client_options(settings: Settings) -> dict[str, str]:
    """Return the options with which Spark reaches Kafka; they hold the password.

    Spark hides it in its logs and in the plans of running queries, but not in `explain` of a stream yet to be started.
    """
    security = settings.kafka.security
    options = {"kafka.bootstrap.servers": settings.kafka.bootstrap}
    if security.protocol == "PLAINTEXT":
        return options
    options["kafka.security.protocol"] = security.protocol
    if security.protocol.startswith("SASL"):
        options["kafka.sasl.mechanism"] = security.mechanism
        options["kafka.sasl.jaas.config"] = _jaas(security)
    if security.ca_file and security.protocol.endswith("SSL"):
        options["kafka.ssl.truststore.type"] = "PEM"
        # The certificates themselves: executors on other machines do not have the file.
        options["kafka.ssl.truststore.certificates"] = Path(security.ca_file).read_text(encoding="utf-8")
    return options


def _jaas(security: KafkaSecurity) -> str:
    module = "plain.PlainLoginModule" if security.mechanism == "PLAIN" else "scram.ScramLoginModule"
    username, password = _quoted(security.username), _quoted(security.password.reveal())
    return f"org.apache.kafka.common.security.{module} required username={username} password={password};"


def _quoted(value: str) -> str:
    """Quote a value for a JAAS line; Azure's passwords hold `;` and `=`, others what they like."""
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def kafka_identity(admin: AdminClient, topics: Iterable[Topic]) -> KafkaIdentity:
    """Ask Kafka who it is.

    Raises:
        KafkaException: the brokers do not answer, or a topic is not there.
    """
    cluster = admin.describe_cluster(request_timeout=ADMIN_TIMEOUT_S).result()
    names = [topic.name for topic in topics]
    described = admin.describe_topics(TopicCollection(names), request_timeout=ADMIN_TIMEOUT_S)
    return KafkaIdentity(
        cluster=str(cluster.cluster_id),
        topics={name: str(described[name].result().topic_id) for name in names},
    )
