from __future__ import annotations

import json
import socket
from dataclasses import replace
from datetime import date

import confluent_kafka
import pytest

from pipeline.errors import ServiceError
from pipeline.events.raw import DeadLetter
from pipeline.ingest.scheduler import producer as producer_module
from pipeline.ingest.scheduler.metrics import Metrics
from pipeline.ingest.scheduler.producer import EventProducer, Published
from tests.support.ingest import price

EVENT = price("bitcoin", date(2013, 4, 28), "simulator")


class ScriptedClient:
    """Stands where librdkafka stands: a queue of `room` records, and acknowledgements handed out by poll."""

    def __init__(self, room=10**6, error=None, refusal=None, deaf=False):
        self.room, self.error, self.refusal, self.deaf = room, error, refusal, deaf
        self.waiting, self.sent, self.fullest = [], [], 0

    def produce(self, topic, *, value, key, on_delivery):
        if self.refusal is not None:
            raise self.refusal
        if len(self.waiting) >= self.room:
            raise BufferError
        self.waiting.append(on_delivery)
        self.fullest = max(self.fullest, len(self.waiting))
        self.sent.append((topic, key, value))

    def poll(self, timeout):
        if timeout == 0 or self.deaf:  # a look at the queue: nothing has come yet
            return
        for on_delivery in self.waiting:
            on_delivery(self.error, None)
        self.waiting = []


@pytest.fixture
def metrics():
    return Metrics()


@pytest.fixture
def make(metrics, monkeypatch):
    """Return a producer over scripted clients, given in the order in which it makes them."""

    def build(*clients, timeout_s=0.2):
        left = list(clients)
        monkeypatch.setattr(producer_module, "Producer", lambda _config: left.pop(0))
        return EventProducer({"bootstrap.servers": "127.0.0.1:1"}, metrics, timeout_s)

    return build


def count(metrics, topic, source):
    return metrics.registry.get_sample_value("coinlake_events_published_total", {"topic": topic, "source": source})


def test_events_and_dead_letters_go_to_their_topics(make, metrics):
    client = ScriptedClient()
    letter = DeadLetter("csv_kaggle:line 7", "price is 0", "7,0")
    assert make(client).publish([EVENT, letter]) == Published(events=1, dead_letters=1)
    assert [(topic, key) for topic, key, _ in client.sent] == [("coin_events", b"bitcoin"), ("dead_letters", None)]
    assert json.loads(client.sent[0][2])["price_usd"] == "1.5"
    assert json.loads(client.sent[1][2])["reason"] == "price is 0"
    assert count(metrics, "coin_events", "simulator") == 1
    assert count(metrics, "dead_letters", "csv_kaggle") == 1


def test_nothing_to_publish(make):
    assert make(ScriptedClient()).publish([]) == Published()


def test_a_full_queue_is_waited_for(make):
    client = ScriptedClient(room=2)
    assert make(client).publish([EVENT] * 7) == Published(events=7)
    assert client.fullest == 2


def test_a_queue_that_stays_full_is_an_error(make, monkeypatch):
    monkeypatch.setattr(producer_module, "GRACE_S", 0.0)
    with pytest.raises(ServiceError, match="queue is full"):
        make(ScriptedClient(room=0)).publish([EVENT])


def test_a_failed_delivery_is_raised_and_not_counted(make, metrics):
    error = confluent_kafka.KafkaError(confluent_kafka.KafkaError._MSG_TIMED_OUT)
    with pytest.raises(ServiceError, match="did not acknowledge"):
        make(ScriptedClient(error=error)).publish([EVENT])
    assert count(metrics, "coin_events", "simulator") is None


def test_an_acknowledgement_that_never_comes_is_an_error(make, monkeypatch):
    monkeypatch.setattr(producer_module, "GRACE_S", 0.0)
    with pytest.raises(ServiceError, match="no answer"):
        make(ScriptedClient(deaf=True)).publish([EVENT])


def test_a_refused_record_is_an_error_of_ours(make):
    refusal = confluent_kafka.KafkaException(confluent_kafka.KafkaError(confluent_kafka.KafkaError._FATAL))
    with pytest.raises(ServiceError, match="refuses"):
        make(ScriptedClient(refusal=refusal), ScriptedClient()).publish([EVENT])


def test_after_a_fatal_error_a_new_client_takes_over(make):
    fatal = confluent_kafka.KafkaError(confluent_kafka.KafkaError._FATAL, "out of order", fatal=True)
    fresh = ScriptedClient()
    producer = make(ScriptedClient(error=fatal), fresh)
    with pytest.raises(ServiceError):
        producer.publish([EVENT])
    assert producer.publish([EVENT]) == Published(events=1)
    assert len(fresh.sent) == 1


def test_an_event_too_large_becomes_a_dead_letter(make, caplog):
    client = ScriptedClient()
    large = replace(EVENT, coin="x" * 1_000_001)
    assert make(client).publish([large, EVENT]) == Published(events=1, dead_letters=1)
    letter = json.loads(client.sent[0][2])
    assert "larger than topic coin_events takes" in letter["reason"]
    assert letter["payload"].startswith('{"coin":"xxx')
    assert len(client.sent[0][2]) < 1_000_000
    assert "larger than topic coin_events" in caplog.text


def test_kafka_down_is_an_error_within_the_time_limit(metrics):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))  # bound, not listening: connections are refused
        producer = EventProducer(
            {"bootstrap.servers": f"127.0.0.1:{closed.getsockname()[1]}"}, metrics, delivery_timeout_s=1.0
        )
        with pytest.raises(ServiceError, match="did not acknowledge"):
            producer.publish([EVENT])
        producer.close(0.1)


def test_librdkafkas_own_broker_acknowledges(metrics, monkeypatch):
    real = confluent_kafka.Producer
    mock = {"test.mock.num.brokers": 1, "allow.auto.create.topics": True}
    monkeypatch.setattr(producer_module, "Producer", lambda config: real(config | mock))
    producer = EventProducer({"bootstrap.servers": "127.0.0.1:1"}, metrics, delivery_timeout_s=10.0)
    assert producer.publish([EVENT] * 500) == Published(events=500)
    producer.close(1.0)
