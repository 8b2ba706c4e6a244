"""What the scheduler asks of Kafka besides taking events: are the topics there, and is it still the same Kafka?"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterable
from concurrent.futures import Future
from typing import Any

from confluent_kafka import KafkaException, TopicCollection
from confluent_kafka.admin import AdminClient

from pipeline.errors import ServiceError, StoppedError

log = logging.getLogger(__name__)

ANSWER_S = 10.0
LOOK_AGAIN_S = 1.0
TELL_AGAIN_S = 15.0


class KafkaAdmin:
    """The few questions we have, with errors of our own."""

    def __init__(self, bootstrap: str) -> None:
        self._bootstrap = bootstrap
        config: dict[str, Any] = {"bootstrap.servers": bootstrap, "log.connection.close": False, "logger": log}
        self._client = AdminClient(config)

    def identity(self, topic: str) -> str:
        """Return cluster id and topic id: together they name one incarnation of a topic.

        Raises:
            ServiceError: Kafka does not answer, or has no such topic.
        """
        names = TopicCollection([topic])
        cluster = self._answer(self._client.describe_cluster(request_timeout=ANSWER_S))
        described = self._answer(self._client.describe_topics(names, request_timeout=ANSWER_S)[topic])
        return f"{cluster.cluster_id}/{described.topic_id}"

    def wait_for_topics(self, topics: Iterable[str], timeout_s: float, stop: threading.Event) -> None:
        """Return once all topics are there.

        Raises:
            ServiceError: they were not there in time.
            StoppedError: `stop` was set first.
        """
        names, start, told = list(topics), time.monotonic(), -TELL_AGAIN_S
        while (problem := self._missing(names)) is not None:
            waited = time.monotonic() - start
            if waited > timeout_s:
                raise ServiceError(f"{problem}; run pipeline/init/setup_events.sh once Kafka is up")
            if waited - told >= TELL_AGAIN_S:
                log.info("waiting for Kafka: %s", problem)
                told = waited
            if stop.wait(LOOK_AGAIN_S):
                raise StoppedError("stopped while waiting for Kafka")

    def _missing(self, names: list[str]) -> str | None:
        try:
            for name in names:
                self.identity(name)
        except ServiceError as error:
            return str(error)
        return None

    def _answer(self, future: Future[Any]) -> Any:  # noqa: ANN401 - confluent-kafka does not type its futures
        try:
            return future.result(ANSWER_S + 1)
        except (KafkaException, TimeoutError) as error:
            reason = error.args[0].str() if isinstance(error, KafkaException) else "no answer"
            raise ServiceError(f"Kafka at {self._bootstrap}: {reason}") from error
