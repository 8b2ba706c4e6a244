"""Create the topics that `pipeline/events/catalog.py` states; tell when one exists with other settings.

Kafka's own tool would do, but costs a JVM start of 2 s for each topic and keeps a topic with wrong settings silently.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from confluent_kafka import KafkaError, KafkaException

# Documented under this name, though the package's type information forgets to export them.
from confluent_kafka.admin import ConfigResource, NewTopic  # type: ignore[attr-defined]

from pipeline.errors import CoinlakeError, ServiceError, TopicMismatchError
from pipeline.events.catalog import TOPICS
from pipeline.events.model import Topic
from pipeline.kafka.clients import TellingAdmin, client_config
from pipeline.settings import Settings, load_settings

ANSWER_S = 15.0  # how long the broker may take for one call
MOST_REPLICAS = 3


@dataclass(frozen=True)
class FoundTopic:
    """A topic as Kafka has it."""

    partitions: int
    config: Mapping[str, str | None]


def main(arguments: Sequence[str] | None = None) -> int:
    """Create or check the topics, print a line for each, and return 1 when one is not as it should be."""
    parser = argparse.ArgumentParser(prog="setup_events.sh", description="Create the topics of the lake.")
    parser.add_argument("--check", action="store_true", help="only tell what is missing or different")
    check_only = parser.parse_args(arguments).check
    try:
        admin = connect(load_settings())
        lines, faults = ensure(admin, TOPICS, create=not check_only)
    except CoinlakeError as error:
        lines, faults = [], [error]
    for line in lines:
        print(line)  # noqa: T201
    for fault in faults:
        print(f"setup_events.sh: {fault}", file=sys.stderr)  # noqa: T201
    return 1 if faults else 0


def connect(settings: Settings) -> TellingAdmin:
    """Return a client for the broker's administration; it connects at its first call."""
    return TellingAdmin(client_config(settings))


def ensure(admin: TellingAdmin, topics: Iterable[Topic], *, create: bool) -> tuple[list[str], list[CoinlakeError]]:
    """Bring each topic about; return a line for each that is as stated, and what is wrong with the others.

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
        elif differing := differences(topic, there):
            faults.append(TopicMismatchError(topic.name, differing))
        else:
            lines.append(f"{topic.name}: there, {_counted(topic.partitions)}, as stated{_untold(topic, there)}")
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
        raise ServiceError(f"Kafka does not tell its topics: {admin.reason(error)}") from None
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


def _untold(topic: Topic, found: FoundTopic) -> str:
    names = [name for name in topic.config if found.config.get(name) is None]
    return f" (Kafka does not tell {', '.join(names)})" if names else ""


def _told(error: KafkaException) -> str:
    fault = error.args[0]
    return fault.str() if isinstance(fault, KafkaError) else str(fault)


def _counted(partitions: int) -> str:
    return f"{partitions} partition" + ("" if partitions == 1 else "s")


if __name__ == "__main__":
    sys.exit(main())
