"""How every client reaches Kafka, and what services ask of it besides taking events.

Any endpoint that speaks Kafka's protocol will do: our own broker, Confluent Cloud, Amazon MSK, Azure Event Hubs.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterable
from concurrent.futures import Future
from typing import Any

from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import AdminClient

from pipeline.errors import ServiceError, StoppedError
from pipeline.settings import Settings
from pipeline.settings.kafka import KafkaSecurity

log = logging.getLogger(__name__)

# For clients whose faults the caller tells: librdkafka writes a line for each of its attempts to connect.
SILENT = logging.getLogger(f"{__name__}.silent")
SILENT.addHandler(logging.NullHandler())
SILENT.propagate = False

ANSWER_S = 1.5  # short, so that a stop while we wait for the topics is noticed
RESTART_S = 30.0  # a job that begins while Kafka is being restarted waits for it
LOOK_AGAIN_S = 1.0
TELL_AGAIN_S = 15.0

ClientConfig = dict[str, str | int | float | bool]


def client_config(settings: Settings) -> ClientConfig:
    """Return what a confluent-kafka client of any kind needs in order to reach Kafka; it holds the password."""
    return {"bootstrap.servers": settings.kafka.bootstrap, **_security(settings.kafka.security)}


def producer_config(settings: Settings) -> ClientConfig:
    """Return `client_config` for a client that sends, with the compression that this Kafka takes."""
    return {**client_config(settings), "compression.type": settings.kafka.compression}


def _security(security: KafkaSecurity) -> ClientConfig:
    if security.protocol == "PLAINTEXT":
        return {}
    config: ClientConfig = {"security.protocol": security.protocol}
    if security.protocol.startswith("SASL"):
        config["sasl.mechanism"] = security.mechanism
        config["sasl.username"] = security.username
        config["sasl.password"] = security.password.reveal()
    if security.ca_file and security.protocol.endswith("SSL"):
        config["ssl.ca.location"] = security.ca_file
    return config


class RateLimitedLogs(logging.Filter):
    """Lets each kind of message of librdkafka through once in a while: it logs every attempt to connect.

    The kind is the message's first word, such as FAIL.
    """

    def __init__(self, every_s: float = TELL_AGAIN_S) -> None:
        super().__init__()
        self._every_s = every_s
        self._told: dict[str, float] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether the message may pass; `every_s` counts by the records' own times."""
        kind = record.getMessage().partition(" ")[0]
        if record.created - self._told.get(kind, float("-inf")) < self._every_s:
            return False
        self._told[kind] = record.created
        return True


def client_logger() -> logging.Logger:
    """Return the logger to hand to a confluent-kafka client."""
    logger = logging.getLogger("librdkafka")
    if not logger.filters:
        logger.addFilter(RateLimitedLogs())
    return logger


class TellingAdmin(AdminClient):
    """An AdminClient that knows why it reaches no broker: its own errors only say that the time ran out."""

    def __init__(self, kafka: ClientConfig, logger: logging.Logger = SILENT) -> None:
        self._fault: str | None = None
        config: dict[str, Any] = {**kafka, "log.connection.close": False, "error_cb": self._remember}
        super().__init__(config, logger=logger)

    def reason(self, error: Exception) -> str:
        """Return what an error of this client says, with what has kept it from connecting: a wrong password, say."""
        self._fault = None
        self.poll(0)  # it reports on its connections only when polled
        told = error.args[0].str() if isinstance(error, KafkaException) else "no answer"
        return f"{told}; {self._fault}" if self._fault else told

    def _remember(self, fault: KafkaError) -> None:
        if fault.code() != KafkaError._ALL_BROKERS_DOWN:  # noqa: SLF001 - its public name
            self._fault = fault.str()


class KafkaAdmin:
    """The few questions we have, with errors of our own."""

    def __init__(self, kafka: ClientConfig) -> None:
        self._bootstrap = kafka["bootstrap.servers"]
        self._client = TellingAdmin(kafka, client_logger())

    def identity(self, topic: str, timeout_s: float = RESTART_S) -> str:
        """Return cluster id and topic id: together they name one incarnation of a topic.

        Raises:
            ServiceError: Kafka does not answer within `timeout_s`, or has no such topic.
        """
        names = TopicCollection([topic])
        cluster = self._answer(self._client.describe_cluster(request_timeout=timeout_s), timeout_s)
        described = self._answer(self._client.describe_topics(names, request_timeout=timeout_s)[topic], timeout_s)
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
                self.identity(name, ANSWER_S)
        except ServiceError as error:
            return str(error)
        return None

    def _answer(self, future: Future[Any], timeout_s: float) -> Any:  # noqa: ANN401 - confluent-kafka does not type its futures
        try:
            return future.result(timeout_s + 1)
        except (KafkaException, TimeoutError) as error:
            raise ServiceError(f"Kafka at {self._bootstrap}: {self._client.reason(error)}") from error
