"""Create the topics that `pipeline/events/catalog.py` states; report those that exist with other settings.

How large a topic may get is a setting of its own (`COINLAKE_TOPIC_MAX_GB`): existing topics are changed to it.

Kafka's own tool would do, but costs a JVM start of 2 s for each topic and keeps a topic with wrong settings silently.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from confluent_kafka import KafkaError, KafkaException

# Documented under this name, though the package's type information forgets to export them.
from confluent_kafka.admin import (  # type: ignore[attr-defined]
    AlterConfigOpType,
    ConfigEntry,
    ConfigResource,
    NewTopic,
)

from pipeline.errors import CoinlakeError, ServiceError, TopicMismatchError
from pipeline.events.catalog import TOPICS
from pipeline.events.model import Topic
from pipeline.kafka.clients import TellingAdmin, client_config
from pipeline.settings import Settings, load_settings

ANSWER_S = 15.0  # how long the broker may take for one call
MOST_REPLICAS = 3
MAX_BYTES = "retention.bytes"


@dataclass(frozen=True)
class FoundTopic:
    """A topic as Kafka has it."""

    partitions: int
    config: Mapping[str, str | None]


def main(arguments: Sequence[str] | None = None) -> int:
    """Create or check the topics, print a line for each, and return 1 when one is not as it should be."""
    parser = argparse.ArgumentParser(prog="setup_events.sh", description="Create the topics of the lake.")
    parser.add_argument("--check", action="store_true", help="only report what is missing or different")
    check_only = parser.parse_args(arguments).check
    try:
        settings = load_settings()
        lines, faults = ensure_ours(settings, create=not check_only)
    except CoinlakeError as error:
        lines, faults = [], [error]
    for line in lines:
        print(line)  # noqa: T201
    for fault in faults:
        print(f"setup_events.sh: {fault}", file=sys.stderr)  # noqa: T201
    return 1 if faults else 0


def ensure_ours(settings: Settings, *, create: bool) -> tuple[list[str], list[CoinlakeError]]:
    """Bring every topic of the lake about, as large as the settings allow; return what `ensure` returns.

    Raises:
        ServiceError: Kafka does not answer or refuses.
    """
    bounded = [with_max_bytes(topic, settings.kafka.topic_max_bytes) for topic in TOPICS]
    return ensure(connect(settings), bounded, create=create)


def connect(settings: Settings) -> TellingAdmin:
    """Return a client for the broker's administration; it connects at its first call."""
    return TellingAdmin(client_config(settings))


def with_max_bytes(topic: Topic, max_bytes: int) -> Topic:
    """Return the topic with its size bounded; Kafka counts by partition, each of which gets an equal part."""
    return replace(topic, config={**topic.config, MAX_BYTES: str(max_bytes // topic.partitions)})


def ensure(admin: TellingAdmin, topics: Iterable[Topic], *, create: bool) -> tuple[list[str], list[CoinlakeError]]:
    """Bring each topic about; return a line for each that matches its settings, and what is wrong with the others.

    Raises:
        ServiceError: Kafka does not answer or refuses.
    """
    wanted = tuple(topics)
    found = describe(admin, [topic.name for topic in wanted])
    lines: list[str] = []
    faults: list[CoinlakeError] = []
    for topic in wanted:
        there = found.get(topic.name)
        if there is None and not create:
            faults.append(ServiceError(f"topic {topic.name} is missing: run pipeline/init/setup_events.sh"))
        elif there is None:
            _create(admin, topic)
            lines.append(f"{topic.name}: created with {_counted(topic.partitions)}")
        elif create and _has_other_size(topic, there):
            _resize(admin, topic)
            lines.append(f"{topic.name}: {MAX_BYTES} set to {topic.config[MAX_BYTES]}")
        elif differing := differences(topic, there):
            faults.append(TopicMismatchError(topic.name, differing))
        else:
            lines.append(f"{topic.name}: exists, {_counted(topic.partitions)}, settings match{_untold(topic, there)}")
    return lines, faults


def differences(topic: Topic, found: FoundTopic) -> list[str]:
    """Return what Kafka has otherwise than stated, one short sentence each.

    Settings not stated may be anything. One that is stated and not told, as Kafka's imitations do, is no difference.
    """
    told = []
    if found.partitions != topic.partitions:
        told.append(f"{_counted(found.partitions)} instead of {topic.partitions}")
    for name, value in topic.config.items():
        if found.config.get(name) not in {None, value}:
            told.append(f"{name} is {found.config[name]} instead of {value}")
    return told


def describe(admin: TellingAdmin, names: Sequence[str]) -> dict[str, FoundTopic]:
    """Return those of the named topics that exist.

    Raises:
        ServiceError: Kafka does not answer.
    """
    try:
        metadata = admin.list_topics(timeout=ANSWER_S).topics
        there = [name for name in names if name in metadata]
        resources = [ConfigResource(ConfigResource.Type.TOPIC, name) for name in there]
        answers = admin.describe_configs(resources, request_timeout=ANSWER_S) if resources else {}
        configs = {resource.name: answer.result() for resource, answer in answers.items()}
    except KafkaException as error:
        raise ServiceError(f"Kafka does not list its topics: {admin.reason(error)}") from None
    return {
        name: FoundTopic(len(metadata[name].partitions), {entry.name: entry.value for entry in configs[name].values()})
        for name in there
    }


def _create(admin: TellingAdmin, topic: Topic) -> None:
    replicas = min(MOST_REPLICAS, len(admin.list_topics(timeout=ANSWER_S).brokers))
    new = NewTopic(topic.name, topic.partitions, replicas, config=dict(topic.config))
    try:
        admin.create_topics([new], operation_timeout=ANSWER_S)[topic.name].result()
    except KafkaException as error:
        if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:  # two set-ups at once: the other one made it
            raise ServiceError(f"Kafka did not create topic {topic.name}: {_told(error)}") from None


def _has_other_size(topic: Topic, found: FoundTopic) -> bool:
    """Return whether the topic differs in its size alone; one that Kafka does not state is left alone."""
    if MAX_BYTES not in topic.config or found.config.get(MAX_BYTES) is None:
        return False
    resized = replace(found, config={**found.config, MAX_BYTES: topic.config[MAX_BYTES]})
    return resized != found and not differences(topic, resized)


def _resize(admin: TellingAdmin, topic: Topic) -> None:
    entry = ConfigEntry(MAX_BYTES, topic.config[MAX_BYTES], incremental_operation=AlterConfigOpType.SET)
    resource = ConfigResource(ConfigResource.Type.TOPIC, topic.name, incremental_configs=[entry])
    try:
        admin.incremental_alter_configs([resource], request_timeout=ANSWER_S)[resource].result()
    except KafkaException as error:
        raise ServiceError(f"Kafka did not set {MAX_BYTES} of topic {topic.name}: {_told(error)}") from None


def _untold(topic: Topic, found: FoundTopic) -> str:
    names = [name for name in topic.config if found.config.get(name) is None]
    return f" (Kafka does not report {', '.join(names)})" if names else ""


def _told(error: KafkaException) -> str:
    fault = error.args[0]
    return fault.str() if isinstance(fault, KafkaError) else str(fault)


def _counted(partitions: int) -> str:
    return f"{partitions} partition" + ("" if partitions == 1 else "s")


if __name__ == "__main__":
    sys.exit(main())
