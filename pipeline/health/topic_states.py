"""How far each topic is, and how far behind its end the stream is."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass

from confluent_kafka import Consumer, KafkaException, TopicPartition

from pipeline.errors import ServiceError
from pipeline.events.catalog import STREAM_GROUP
from pipeline.kafka.clients import SILENT, client_config
from pipeline.settings import Settings


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


class OffsetReader:
    """Reads the topics' ends and the stream's committed offsets, over one connection.

    A consumer does that, not the admin client: that one aborts the whole process when the broker goes away during a
    call (confluentinc/librdkafka#5397). It never joins the group.
    """

    def __init__(self, settings: Settings) -> None:
        config = {**client_config(settings), "group.id": STREAM_GROUP, "enable.auto.commit": False}
        self._consumer = Consumer({**config, "reconnect.backoff.max.ms": 2000}, logger=SILENT)
        self._bootstrap = settings.kafka.bootstrap

    def positions(self, names: Iterable[str], timeout_s: float) -> Positions:
        """Return the positions in the named topics; one that is not there has none.

        Raises:
            ServiceError: Kafka does not answer in time.
        """
        try:
            topics = self._consumer.list_topics(timeout=timeout_s).topics
            parts = [TopicPartition(name, part) for name in names if name in topics for part in topics[name].partitions]
            committed = self._consumer.committed(parts, timeout=timeout_s) if parts else []
            ends = {(part.topic, part.partition): self._end(part, timeout_s) for part in parts}
        except (KafkaException, TimeoutError) as error:
            raise ServiceError(f"Kafka at {self._bootstrap} does not answer: {error}") from None
        return Positions(ends, {(part.topic, part.partition): part.offset for part in committed})

    def states(self, names: Iterable[str], timeout_s: float) -> list[TopicState]:
        """Return the state of each named topic; one that is not there has no figures.

        Raises:
            ServiceError: Kafka does not answer in time.
        """
        wanted = list(names)
        found = self.positions(wanted, timeout_s)
        return [_state(name, found.ends, found.committed) for name in wanted]

    def close(self) -> None:
        """Leave Kafka."""
        self._consumer.close()

    def _end(self, part: TopicPartition, timeout_s: float) -> int:
        bounds = self._consumer.get_watermark_offsets(part, timeout=timeout_s)
        if bounds is None:
            raise TimeoutError(f"no answer within {timeout_s:g} s")
        return int(bounds[1])


def topic_states(settings: Settings, names: Iterable[str], timeout_s: float) -> list[TopicState]:
    """Return what `OffsetReader.states` does, over a connection of its own."""
    with closing(OffsetReader(settings)) as reader:
        return reader.states(names, timeout_s)


def stream_positions(settings: Settings, names: Iterable[str], timeout_s: float = 10.0) -> Positions:
    """Return what `OffsetReader.positions` does, over a connection of its own."""
    with closing(OffsetReader(settings)) as reader:
        return reader.positions(names, timeout_s)


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
