"""The replay's producer with the real client: a broker within the client's library, or none."""

from __future__ import annotations

import pytest

from pipeline.errors import ServiceError
from pipeline.ingest.replay.producer import BlockProducer

NOBODY = {"bootstrap.servers": "127.0.0.1:1"}
MOCK = {"bootstrap.servers": "mock", "test.mock.num.brokers": 1, "allow.auto.create.topics": True}
TOPIC = "bitcoin_data"


def quiet(_waited: float) -> None:
    pass


def test_it_settles_when_the_broker_has_everything() -> None:
    producer = BlockProducer({**MOCK})
    producer.send(TOPIC, [b"%d" % number for number in range(1000)], b"BTC-USD")
    assert producer.settle(quiet, 30)


def test_a_kafka_that_is_away_is_waited_for() -> None:
    producer = BlockProducer({**NOBODY})
    producer.send(TOPIC, [b"candle"], b"BTC-USD")
    waited: list[float] = []
    assert not producer.settle(waited.append, 0.5)
    assert waited == sorted(waited)
    assert len(waited) >= 2


def test_a_full_queue_is_waited_for_and_loses_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.ingest.replay.producer.QUEUE_RECORDS", 100)
    monkeypatch.setattr("pipeline.ingest.replay.producer.TURN_S", 0.01)
    producer = BlockProducer({**MOCK})
    producer.send(TOPIC, [b"candle"] * 5000, b"BTC-USD")
    assert producer.settle(quiet, 30)


def test_what_kafka_never_takes_is_an_error() -> None:
    producer = BlockProducer({**NOBODY})
    with pytest.raises(ServiceError, match="refuses what is replayed"):
        producer.send(TOPIC, [b"x" * 2_000_000], b"BTC-USD")
