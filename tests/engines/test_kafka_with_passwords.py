"""A Kafka elsewhere, such as Event Hubs, Confluent or MSK: TLS with a CA of its own, and users with passwords."""

from __future__ import annotations

import json
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer, Message

from pipeline.errors import ServiceError
from pipeline.events.catalog import TOPICS
from pipeline.events.trades import RAW_TRADES
from pipeline.health import kafka_probe
from pipeline.ingest.spool import Spool
from pipeline.ingest.trades.sink import Account, FrameSink, connector
from pipeline.kafka import topics
from pipeline.kafka.clients import KafkaAdmin, client_config, producer_config
from pipeline.settings import Settings
from tests.support.read_by_spark import encoded
from tests.support.secure_kafka import (
    PLAIN_PASSWORD,
    SCRAM_PASSWORD,
    SCRAM_USER,
    SecureKafka,
    make_certificates,
    secure_kafka,
)
from tests.support.trades import HEADERS, match

KEY, HEADER_PAIRS = b"BTC-USD", HEADERS.to_kafka()
WRONG_PASSWORD = PLAIN_PASSWORD.replace("q7Yw", "bad0")
AS_SCRAM = {"KAFKA_SASL_MECHANISM": "SCRAM-SHA-512", "KAFKA_SASL_USERNAME": SCRAM_USER}
SPARK_S = 180.0

Attempt = Callable[[Settings], object]
ATTEMPTS: dict[str, Attempt] = {
    "the set-up of the topics": lambda settings: topics.ensure(topics.connect(settings), TOPICS, create=True),
    "the probe that services wait for": kafka_probe.topics,
    "a service that waits for its topics": lambda settings: KafkaAdmin(client_config(settings)).wait_for_topics(
        [RAW_TRADES.name], 2.0, threading.Event()
    ),
}


@pytest.fixture(scope="module")
def kafka(jar_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecureKafka]:
    """A broker with SASL_SSL, beside the lake's own, with the lake's topics."""
    with secure_kafka(jar_dir, tmp_path_factory.mktemp("kafka")) as running:
        topics.ensure(topics.connect(running.settings()), TOPICS, create=True)
        yield running


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have no call wait long for a broker that does not let us in."""
    monkeypatch.setattr(topics, "ANSWER_S", 2.0)
    monkeypatch.setattr(kafka_probe, "ANSWER_S", 2.0)


@pytest.fixture
def talkative(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the clients' logger forget what it told a moment ago."""
    monkeypatch.setattr(logging.getLogger("librdkafka"), "filters", [])


def send(settings: Settings, trade_id: int, spool: Path, within_s: float = 20.0) -> tuple[list[int], int]:
    """Send a trade's frame as the producer does; return the acknowledged trades, and how many frames were spooled."""
    acknowledged: list[int] = []
    connect = connector(producer_config(settings))
    sink = FrameSink(connect, Spool(spool), 2**20, Account(lambda _product, ids: acknowledged.extend(ids)))
    sink.send(match(trade_id=trade_id), KEY, HEADER_PAIRS, ((KEY.decode(), (trade_id,)),))
    sink.close(within_s)
    return acknowledged, sink.spooled


def read_frames(settings: Settings, count: int) -> list[Message]:
    """Return the first records of the topic of frames, read by a consumer of the test's own."""
    consumer = Consumer({**client_config(settings), "group.id": "test", "auto.offset.reset": "earliest"})
    try:
        consumer.subscribe([RAW_TRADES.name])
        return consumer.consume(count, timeout=20)
    finally:
        consumer.close()


def read_by_spark(folder: Path, *environs: dict[str, str]) -> tuple[list[dict[str, Any]], str]:
    """Return what each of the settings lets Spark read of the topic of frames, and all that was written anywhere."""
    words = (RAW_TRADES.name, str(folder), *map(json.dumps, environs))
    done = subprocess.run(
        [sys.executable, "-m", "tests.support.read_by_spark", *words],
        timeout=SPARK_S,
        check=False,
        capture_output=True,
        text=True,
        env=os.environ | {"SPARK_LOCAL_IP": "127.0.0.1"},
    )
    assert done.returncode == 0, done.stderr[-3000:]
    answers: list[dict[str, Any]] = json.loads(done.stdout)
    return answers, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("password", "changes"), [(PLAIN_PASSWORD, {}), (SCRAM_PASSWORD, AS_SCRAM)], ids=["PLAIN", "SCRAM-SHA-512"]
)
def test_the_topics_are_there_as_stated(kafka: SecureKafka, password: str, changes: dict[str, str]) -> None:
    settings = kafka.settings(password, **changes)
    lines, faults = topics.ensure(topics.connect(settings), TOPICS, create=False)
    assert faults == []
    assert [line.partition(":")[0] for line in lines] == [topic.name for topic in TOPICS]
    assert all(line.endswith("settings match") for line in lines)


def test_frames_arrive_unchanged_and_spark_reads_them(kafka: SecureKafka, tmp_path: Path) -> None:
    frames = [match(trade_id=number) for number in (1, 2, 3)]
    for number, compression in enumerate(("zstd", "gzip", "none"), start=1):
        settings = kafka.settings(KAFKA_COMPRESSION=compression)
        assert send(settings, number, tmp_path / compression) == ([number], 0)

    found = read_frames(kafka.settings(), len(frames))
    assert [(one.key(), one.value(), one.headers()) for one in found] == [(KEY, one, HEADER_PAIRS) for one in frames]

    as_scram = kafka.environ(SCRAM_PASSWORD, **AS_SCRAM)
    (plain, scram, wrong), written = read_by_spark(tmp_path, kafka.environ(), as_scram, kafka.environ(WRONG_PASSWORD))
    headers = [[name, encoded(value)] for name, value in HEADER_PAIRS]
    assert plain == scram == {"records": [[encoded(KEY), encoded(frame), headers] for frame in frames]}
    assert "Authentication failed: Invalid username or password" in wrong["error"]
    assert "sasl.jaas.config = [hidden]" in written  # the clients did log what they were given
    assert [secret for secret in (PLAIN_PASSWORD, SCRAM_PASSWORD, WRONG_PASSWORD) if secret in written] == []


@pytest.mark.usefixtures("impatient")
@pytest.mark.parametrize("attempt", ATTEMPTS.values(), ids=ATTEMPTS)
def test_a_wrong_password_is_named_and_not_shown(
    kafka: SecureKafka, attempt: Attempt, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    with pytest.raises(ServiceError, match="Authentication failed: Invalid username or password") as caught:
        attempt(kafka.settings(WRONG_PASSWORD))
    written = capfd.readouterr()
    assert WRONG_PASSWORD not in f"{caught.value!r} {caplog.text} {written.out} {written.err}"


@pytest.mark.usefixtures("talkative")
def test_with_a_wrong_password_frames_wait_on_disk(
    kafka: SecureKafka, tmp_path: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    assert send(kafka.settings(WRONG_PASSWORD), 4, tmp_path, within_s=2.0) == ([], 1)
    (waiting,) = Spool(tmp_path).read(10)
    assert (waiting.value, waiting.headers) == (match(trade_id=4), HEADER_PAIRS)
    assert "Authentication failed" in caplog.text
    written = capfd.readouterr()
    assert WRONG_PASSWORD not in f"{caplog.text} {written.out} {written.err}"


@pytest.mark.usefixtures("impatient")
def test_a_broker_whose_ca_we_do_not_know_is_refused(kafka: SecureKafka, tmp_path: Path) -> None:
    make_certificates(tmp_path)
    settings = kafka.settings(KAFKA_SSL_CA_FILE=str(tmp_path / "ca.pem"))
    with pytest.raises(ServiceError, match="certificate verify failed"):
        topics.ensure(topics.connect(settings), TOPICS, create=False)
