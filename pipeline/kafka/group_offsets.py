"""How far the stream's rows are visible, stored as a consumer group's offsets: any Kafka tool then shows the lag."""

from __future__ import annotations

import logging

from confluent_kafka import Consumer, KafkaError, KafkaException, TopicPartition

from pipeline.events.catalog import STREAM_GROUP
from pipeline.kafka.clients import ClientConfig

log = logging.getLogger(__name__)

Offsets = dict[str, dict[str, int]]
"""Topic -> partition -> next offset, as Spark reports a batch's end."""


class GroupOffsets:
    """Stores offsets without ever waiting for Kafka; one commit is under way at a time.

    A consumer commits them, not the admin client: that one aborts the whole process when the broker goes away during
    a call (confluentinc/librdkafka#5397).
    """

    def __init__(self, config: ClientConfig) -> None:
        self._consumer = Consumer(
            {**config, "group.id": STREAM_GROUP, "enable.auto.commit": False, "on_commit": self._answered}
        )
        self._stored: Offsets = {}
        self._under_way: Offsets | None = None

    def store(self, offsets: Offsets) -> None:
        """Take Kafka's answer to the last commit, then commit what has moved since; failures are logged and retried."""
        self._consumer.poll(0)
        if self._under_way is not None or offsets == self._stored:
            return
        positions = [
            TopicPartition(topic, int(partition), offset)
            for topic, partitions in offsets.items()
            for partition, offset in partitions.items()
        ]
        self._under_way = offsets
        try:
            self._consumer.commit(offsets=positions, asynchronous=True)
        except KafkaException as error:
            self._answered(error.args[0], positions)

    def _answered(self, error: KafkaError | None, positions: list[TopicPartition]) -> None:
        refused = error or next((one.error for one in positions if one.error is not None), None)
        if refused is not None:
            log.warning("lag not published: %s", refused)
        elif self._under_way is not None:
            self._stored = self._under_way
        self._under_way = None
