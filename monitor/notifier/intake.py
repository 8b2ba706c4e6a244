"""Market alerts, from Kafka into the outbox: an offset is committed only once its alert is there.

A crash in between reads records again, and the stream itself may send an alert again after one of its own: the outbox
has a row for each `alert_id` and channel, however often it comes.
"""

from __future__ import annotations

import logging
import sqlite3
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence

from confluent_kafka import OFFSET_STORED, Consumer, KafkaException, Message, TopicPartition

from monitor.notifier.events import Event, market_alert
from monitor.notifier.outbox import Outbox
from pipeline.events.trades import MARKET_ALERTS
from pipeline.kafka.clients import client_config, client_logger
from pipeline.settings import Settings

log = logging.getLogger(__name__)

GROUP = "coinlake-notifier"
POLL_S = 1.0
LOOK_AGAIN_S = 2.0
METADATA_S = 5.0
MOST = 500  # records at once


class Intake:
    """Reads the topic from where the last process stopped, or from its start."""

    def __init__(
        self, settings: Settings, outbox: Outbox, stop: threading.Event, now: Callable[[], float] = time.time
    ) -> None:
        self._outbox, self._stop, self._now = outbox, stop, now
        self._max_age_s = settings.notifications.max_age_s
        self._config = {
            **client_config(settings),
            "group.id": GROUP,
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",  # what is too old to be news is not sent
            "reconnect.backoff.max.ms": 2000,
            "fetch.wait.max.ms": 5000,  # Kafka answers at once when an alert comes
        }
        self._told = ""
        self.totals: Counter[str] = Counter()  # alerts, stale, unreadable, since the start

    def run(self) -> None:
        """Read until the stop, over Kafka's restarts."""
        consumer = Consumer(self._config, logger=client_logger())
        try:
            if self._assign(consumer):
                while not self._stop.is_set():
                    self._take(consumer)
        finally:
            consumer.close()

    def events(self, messages: Sequence[Message]) -> list[tuple[Event, bool]]:
        """Return the alerts among records, each with whether it is too old to be sent; others are logged."""
        found = []
        for message in messages:
            try:
                alert = market_alert(message.value() or b"")
            except ValueError as error:
                self.totals["unreadable"] += 1
                log.warning("%s/%s/%s: %s", message.topic(), message.partition(), message.offset(), error)
                continue
            is_stale = self._now() - alert.detected_at > self._max_age_s
            self.totals["stale" if is_stale else "alerts"] += 1
            found.append((alert.event, is_stale))
        return found

    def _assign(self, consumer: Consumer) -> bool:
        """Wait for the topic and take all of it, without joining the group: a killed member would be waited for."""
        while not self._stop.wait(LOOK_AGAIN_S if self._told else 0):
            try:
                topic = consumer.list_topics(MARKET_ALERTS.name, timeout=METADATA_S).topics[MARKET_ALERTS.name]
            except KafkaException as error:
                self._tell(error.args[0].str())
                continue
            if topic.partitions and topic.error is None:
                consumer.assign([TopicPartition(topic.topic, part, OFFSET_STORED) for part in topic.partitions])
                log.info("following %s", topic.topic)
                return True
            self._tell(f"there is no topic {topic.topic} yet")
        return False

    def _tell(self, problem: str) -> None:
        if problem != self._told:
            log.info("waiting for Kafka: %s", problem)
        self._told = problem

    def _take(self, consumer: Consumer) -> None:
        """Read some records, put them into the outbox, then commit their offsets."""
        messages = [message for message in consumer.consume(MOST, POLL_S) if message.error() is None]
        if not messages:
            return
        events = self.events(messages)
        while not self._put(events):
            if self._stop.wait(LOOK_AGAIN_S):
                return
        ends = {message.partition() or 0: (message.offset() or 0) + 1 for message in messages}
        try:
            offsets = [TopicPartition(MARKET_ALERTS.name, part, end) for part, end in ends.items()]
            consumer.commit(offsets=offsets, asynchronous=False)
        except KafkaException as error:  # the next commit covers it, and after a restart the outbox knows them
            log.warning("offset of %s not committed: %s", MARKET_ALERTS.name, error)

    def _put(self, events: list[tuple[Event, bool]]) -> bool:
        try:
            self._outbox.put(events)
        except sqlite3.OperationalError as error:
            log.warning("the outbox cannot be written to: %s", error)
            return False
        return True
