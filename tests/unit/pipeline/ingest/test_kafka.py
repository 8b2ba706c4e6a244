from __future__ import annotations

import logging
import socket
import threading

import pytest

from pipeline.errors import ServiceError, StoppedError
from pipeline.ingest import kafka as kafka_module
from pipeline.ingest.kafka import Calm, KafkaAdmin


@pytest.fixture
def nowhere():
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # bound, not listening: connections are refused
        yield f"127.0.0.1:{closed.getsockname()[1]}"


@pytest.fixture
def impatient(monkeypatch):
    monkeypatch.setattr(kafka_module, "ANSWER_S", 0.2)
    monkeypatch.setattr(kafka_module, "LOOK_AGAIN_S", 0.01)


@pytest.mark.usefixtures("impatient")
def test_kafka_that_does_not_answer(nowhere):
    with pytest.raises(ServiceError, match=f"Kafka at {nowhere}"):
        KafkaAdmin(nowhere).identity("coin_events", timeout_s=0.2)


@pytest.mark.usefixtures("impatient")
def test_waiting_for_topics_ends_with_the_next_step(nowhere, caplog):
    with caplog.at_level(logging.INFO), pytest.raises(ServiceError, match=r"setup_events\.sh"):
        KafkaAdmin(nowhere).wait_for_topics(["coin_events"], 0.5, threading.Event())
    assert "waiting for Kafka" in caplog.text


@pytest.mark.usefixtures("impatient")
def test_waiting_for_topics_ends_when_the_service_does(nowhere):
    stop = threading.Event()
    stop.set()
    with pytest.raises(StoppedError):
        KafkaAdmin(nowhere).wait_for_topics(["coin_events"], 60, stop)


def test_a_repeated_message_of_the_client_is_held_back():
    def record(message, at):
        found = logging.LogRecord("librdkafka", logging.ERROR, "", 0, message, None, None)
        found.created = at
        return found

    calm = Calm(every_s=10)
    passed = [
        calm.filter(record(message, at))
        for message, at in [("FAIL [x] refused", 0), ("FAIL [x] again", 5), ("GETPID [x] late", 6), ("FAIL [x]", 10)]
    ]
    assert passed == [True, False, True, True]
