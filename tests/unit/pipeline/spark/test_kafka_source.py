"""What Spark gets to know: about a Kafka that wants proof, and how much a batch may hold."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

import pytest

from pipeline.events.catalog import TOPICS
from pipeline.settings import Settings, load_settings
from pipeline.spark import kafka_source
from pipeline.spark.kafka_source import KafkaIdentity, KafkaSource, Pace, client_options, read_records


def load(tmp_path: Path, **values: str) -> Settings:
    environ = {"COINLAKE_HOME": str(tmp_path), "KAFKA_BOOTSTRAP_SERVERS": "hub.example:9093"}
    return load_settings(environ | {f"KAFKA_{name}": value for name, value in values.items()})


def test_an_open_broker_needs_its_address_alone(tmp_path: Path) -> None:
    assert client_options(load(tmp_path)) == {"kafka.bootstrap.servers": "hub.example:9093"}


def test_quotes_and_backslashes_in_a_password_stay_in_it(tmp_path: Path) -> None:
    ca_file = tmp_path / "ca.pem"
    ca_file.write_text("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n")
    options = client_options(
        load(
            tmp_path,
            SECURITY_PROTOCOL="SASL_SSL",
            SASL_USERNAME="$ConnectionString",
            SASL_PASSWORD=r'a"b\c;d=e',
            SSL_CA_FILE=str(ca_file),
        )
    )
    assert options == {
        "kafka.bootstrap.servers": "hub.example:9093",
        "kafka.security.protocol": "SASL_SSL",
        "kafka.sasl.mechanism": "PLAIN",
        "kafka.sasl.jaas.config": "org.apache.kafka.common.security.plain.PlainLoginModule required "
        r'username="$ConnectionString" password="a\"b\\c;d=e";',
        "kafka.ssl.truststore.type": "PEM",
        "kafka.ssl.truststore.certificates": "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
    }


def test_scram_has_a_login_module_of_its_own(tmp_path: Path) -> None:
    options = client_options(
        load(
            tmp_path,
            SECURITY_PROTOCOL="SASL_PLAINTEXT",
            SASL_MECHANISM="SCRAM-SHA-256",
            SASL_USERNAME="u",
            SASL_PASSWORD="p",
        )
    )
    assert "scram.ScramLoginModule required" in options["kafka.sasl.jaas.config"]
    assert "kafka.ssl.truststore.type" not in options


def test_few_records_wait_for_more_but_not_for_long() -> None:
    assert Pace(1000).options() == {"maxOffsetsPerTrigger": "1000"}
    assert Pace(1000, min_records=100, max_delay_s=5).options() == {
        "maxOffsetsPerTrigger": "1000",
        "minOffsetsPerTrigger": "100",
        "maxTriggerDelay": "5s",
    }


class Reader:
    """Stands for Spark's reader of streams: keeps the options."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}

    def format(self, name: str) -> Reader:
        assert name == "kafka"
        return self

    def options(self, **options: str) -> Reader:
        self.kept |= options
        return self

    def option(self, name: str, value: str) -> Reader:
        return self.options(**{name: value})

    def load(self) -> Any:
        return MagicMock()


def test_no_batch_is_without_a_bound_and_no_lost_record_is_ignored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kafka_source, "F", MagicMock())
    reader: Any = Reader()
    spark: Any = MagicMock(readStream=reader)
    read_records(KafkaSource(spark, load(tmp_path), {}), TOPICS, Pace(1234))
    assert reader.kept["maxOffsetsPerTrigger"] == "1234"
    assert reader.kept["failOnDataLoss"] == "true"


def test_a_topic_without_an_id_has_none() -> None:
    identity = KafkaIdentity("c", {"coin_events": "t1", "dead_letters": "AAAAAAAAAAAAAAAAAAAAAA"})
    assert identity.topic_ids == {"coin_events": "t1"}
