from __future__ import annotations

import logging
import socket
import threading

import pytest
from confluent_kafka import KafkaException, Producer

from pipeline.errors import ServiceError, StoppedError
from pipeline.ingest.trades.sink import sink_config
from pipeline.kafka import clients as kafka_module
from pipeline.kafka.clients import KafkaAdmin, RateLimitedLogs, TellingAdmin, client_config, producer_config
from pipeline.settings import load_settings
from pipeline.settings.kafka import COMPRESSIONS


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
        KafkaAdmin({"bootstrap.servers": nowhere}).identity("coin_events", timeout_s=0.2)


def test_an_error_says_what_became_of_the_connections(nowhere):
    admin = TellingAdmin({"bootstrap.servers": nowhere})
    with pytest.raises(KafkaException) as caught:
        admin.list_topics(timeout=0.5)
    assert "Connection refused" not in str(caught.value)
    assert "Connection refused" in admin.reason(caught.value)


@pytest.mark.usefixtures("impatient")
def test_waiting_for_topics_ends_with_the_next_step(nowhere, caplog):
    with caplog.at_level(logging.INFO), pytest.raises(ServiceError, match=r"setup_events\.sh"):
        KafkaAdmin({"bootstrap.servers": nowhere}).wait_for_topics(["coin_events"], 0.5, threading.Event())
    assert "waiting for Kafka" in caplog.text


@pytest.mark.usefixtures("impatient")
def test_waiting_for_topics_ends_when_the_service_does(nowhere):
    stop = threading.Event()
    stop.set()
    with pytest.raises(StoppedError):
        KafkaAdmin({"bootstrap.servers": nowhere}).wait_for_topics(["coin_events"], 60, stop)


def test_a_repeated_message_of_the_client_is_held_back():
    def record(message, at):
        found = logging.LogRecord("librdkafka", logging.ERROR, "", 0, message, None, None)
        found.created = at
        return found

    limited = RateLimitedLogs(every_s=10)
    passed = [
        limited.filter(record(message, at))
        for message, at in [("FAIL [x] refused", 0), ("FAIL [x] again", 5), ("GETPID [x] late", 6), ("FAIL [x]", 10)]
    ]
    assert passed == [True, False, True, True]


def secured(tmp_path, **values):
    return load_settings(
        {"COINLAKE_HOME": str(tmp_path), "KAFKA_BOOTSTRAP_SERVERS": "hub.example:9093"}
        | {f"KAFKA_{name}": value for name, value in values.items()}
    )


def test_an_open_broker_needs_its_address_alone(tmp_path):
    assert client_config(secured(tmp_path)) == {"bootstrap.servers": "hub.example:9093"}


def test_a_client_of_event_hubs(tmp_path):
    ca_file = tmp_path / "ca.pem"
    ca_file.write_text("")
    (tmp_path / "password").write_text("Endpoint=sb://hub;Key=a\n")
    settings = secured(
        tmp_path,
        SECURITY_PROTOCOL="SASL_SSL",
        SASL_USERNAME="$ConnectionString",
        SASL_PASSWORD_FILE=str(tmp_path / "password"),
        SSL_CA_FILE=str(ca_file),
    )
    assert client_config(settings) == {
        "bootstrap.servers": "hub.example:9093",
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "PLAIN",
        "sasl.username": "$ConnectionString",
        "sasl.password": "Endpoint=sb://hub;Key=a",
        "ssl.ca.location": str(ca_file),
    }


def test_without_tls_no_certificate_is_named(tmp_path):
    ca_file = tmp_path / "ca.pem"
    ca_file.write_text("")
    settings = secured(
        tmp_path,
        SECURITY_PROTOCOL="SASL_PLAINTEXT",
        SASL_MECHANISM="SCRAM-SHA-512",
        SASL_USERNAME="u",
        SASL_PASSWORD="p",
        SSL_CA_FILE=str(ca_file),
    )
    config = client_config(settings)
    assert config["sasl.mechanism"] == "SCRAM-SHA-512"
    assert "ssl.ca.location" not in config


def test_every_setting_is_one_that_librdkafka_knows(tmp_path):
    settings = secured(tmp_path, SECURITY_PROTOCOL="SASL_SSL", SASL_USERNAME="u", SASL_PASSWORD="p")
    KafkaAdmin(client_config(settings))


@pytest.mark.parametrize(("named", "compression"), [({}, "zstd"), ({"COMPRESSION": "none"}, "none")])
def test_a_producer_compresses_as_the_settings_say(tmp_path, named, compression):
    assert producer_config(secured(tmp_path, **named)) == {
        "bootstrap.servers": "hub.example:9093",
        "compression.type": compression,
    }


@pytest.mark.parametrize("compression", COMPRESSIONS)
def test_librdkafka_has_every_compression(tmp_path, compression):
    Producer(sink_config(producer_config(secured(tmp_path, COMPRESSION=compression))))
