"""Kafka, as its clients see it, and how much is kept in it and, while it is away, in front of it."""

from __future__ import annotations

from dataclasses import dataclass

from pipeline.errors import SettingsError
from pipeline.settings import values as parse
from pipeline.settings.machine import Machine
from pipeline.settings.values import Reader, Secret

COMPRESSIONS = ("none", "gzip", "snappy", "lz4", "zstd")
PROTOCOLS = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
MECHANISMS = ("PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512")


@dataclass(frozen=True)
class KafkaSecurity:
    """How a client proves itself to Kafka; `PLAINTEXT` needs nothing else."""

    protocol: str  # one of PROTOCOLS
    mechanism: str  # one of MECHANISMS
    username: str
    password: Secret
    ca_file: str  # PEM; empty: the system's


@dataclass(frozen=True)
class KafkaSettings:
    """Where Kafka is, and its limits."""

    bootstrap: str
    security: KafkaSecurity
    compression: str  # of what is sent: one of COMPRESSIONS
    topic_max_bytes: int  # how large each topic may get before its oldest records are deleted
    spool_max_bytes: int  # how much the trade producer, and the scheduler, each keep on disk while Kafka is away


def read_kafka(reader: Reader, machine: Machine) -> KafkaSettings:
    """Read Kafka's settings."""
    return KafkaSettings(
        bootstrap=reader.get("KAFKA_BOOTSTRAP_SERVERS", machine.local("kafka"), parse.host_ports),
        security=_security(reader),
        compression=reader.get("KAFKA_COMPRESSION", "zstd", parse.one_of(*COMPRESSIONS)),
        topic_max_bytes=reader.get("COINLAKE_TOPIC_MAX_GB", "1", parse.whole(1, 1_000_000)) * 1024**3,
        spool_max_bytes=reader.get("COINLAKE_SPOOL_MAX_MB", "1024", parse.whole(1, 1_000_000)) * 1024**2,
    )


def _security(reader: Reader) -> KafkaSecurity:
    protocol = reader.get("KAFKA_SECURITY_PROTOCOL", "PLAINTEXT", parse.one_of(*PROTOCOLS))
    security = KafkaSecurity(
        protocol=protocol,
        mechanism=reader.get("KAFKA_SASL_MECHANISM", "PLAIN", parse.one_of(*MECHANISMS)),
        username=reader.get("KAFKA_SASL_USERNAME", "", str),
        password=reader.secret("KAFKA_SASL_PASSWORD"),
        ca_file=reader.get("KAFKA_SSL_CA_FILE", "", parse.readable_file),
    )
    if protocol.startswith("SASL") and not (security.username and security.password):
        raise SettingsError(
            "KAFKA_SECURITY_PROTOCOL", protocol, "used with KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD or its _FILE"
        )
    return security
