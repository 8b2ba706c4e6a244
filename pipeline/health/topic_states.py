"""How far each topic is, and how far behind its end the stream is."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass

from confluent_kafka import ConsumerGroupTopicPartitions, KafkaException, TopicPartition

# Documented under this name, though the package's type information forgets to export one of them.
from confluent_kafka.admin import AdminClient, OffsetSpec  # type: ignore[attr-defined]

from pipeline.errors import ServiceError
from pipeline.events.catalog import STREAM_GROUP
from pipeline.kafka.clients import client_config
from pipeline.settings import Settings

SILENT = logging.getLogger(f"{__name__}.librdkafka")  # its lines about a broker that is down; the status says it
SILENT.addHandler(logging.NullHandler())
SILENT.propagate = False


@dataclass(frozen=True)
class TopicState:
    """One topic: records ever appended, and how many of them the stream has not made visible; None is not known."""

    name: str
    end_offset: int | None
    lag: int | None


@dataclass(frozen=True)
class Positions:
    """For each topic and partition: where it ends, and up to where the stream has made it visible."""

    ends: dict[tuple[str, int], int]
    committed: dict[tuple[str, int], int]


def topic_states(settings: Settings, names: Iterable[str], timeout_s: float) -> list[TopicState]:
    """Return the state of each named topic; one that is not there has no figures.

    Raises:
        ServiceError: Kafka does not answer in time.
    """
    wanted = list(names)
    found = stream_positions(settings, wanted, timeout_s)
    return [_state(name, found.ends, found.committed) for name in wanted]


def stream_positions(settings: Settings, names: Iterable[str], timeout_s: float = 10.0) -> Positions:
    """Return the positions in the named topics; one that is not there has none.

    Raises:
        ServiceError: Kafka does not answer in time.
    """
    admin = AdminClient(client_config(settings), logger=SILENT)
    wanted = list(names)
    try:
        topics = admin.list_topics(timeout=timeout_s).topics
        parts = [TopicPartition(name, part) for name in wanted if name in topics for part in topics[name].partitions]
        return Positions(_ends(admin, parts, timeout_s), _committed(admin, parts, timeout_s))
    except (KafkaException, TimeoutError) as error:
        raise ServiceError(f"Kafka at {settings.kafka.bootstrap} does not answer: {error}") from None


def stream_is_drained(settings: Settings, names: Iterable[str], timeout_s: float = 10.0) -> bool:
    """Tell whether everything in the topics has become visible in the tables."""
    return all(state.lag == 0 for state in topic_states(settings, names, timeout_s))


def _state(name: str, ends: dict[tuple[str, int], int], committed: dict[tuple[str, int], int]) -> TopicState:
    own = {place: end for place, end in ends.items() if place[0] == name}
    if not own:
        return TopicState(name, None, None)
    # Where the stream has not committed yet, all is still before it.
    lag = sum(max(0, end - max(0, committed.get(place, 0))) for place, end in own.items())
    return TopicState(name, sum(own.values()), lag)


def _ends(admin: AdminClient, parts: list[TopicPartition], timeout_s: float) -> dict[tuple[str, int], int]:
    if not parts:
        return {}
    latest = OffsetSpec.latest()  # type: ignore[no-untyped-call]
    answers = admin.list_offsets(dict.fromkeys(parts, latest), request_timeout=timeout_s)
    return {(part.topic, part.partition): answer.result(timeout_s).offset for part, answer in answers.items()}


def _committed(admin: AdminClient, parts: list[TopicPartition], timeout_s: float) -> dict[tuple[str, int], int]:
    if not parts:
        return {}
    request = [ConsumerGroupTopicPartitions(STREAM_GROUP, parts)]
    (answer,) = admin.list_consumer_group_offsets(request, request_timeout=timeout_s).values()
    return {(part.topic, part.partition): part.offset for part in answer.result(timeout_s).topic_partitions}
