"""Where a machine's services stand among several machines; alone, a machine is all of the lake."""

from __future__ import annotations

import re
from dataclasses import dataclass

from pipeline.settings import values as parse
from pipeline.settings.machine import Machine
from pipeline.settings.values import Reader, Secret

PRESTO_ROLES = ("both", "coordinator", "worker")
VOTER = re.compile(r"\d+@[A-Za-z0-9._-]+:\d+")
CLUSTER_ID = re.compile(r"[A-Za-z0-9_-]{22}")  # 16 bytes in URL-safe base64, as Kafka writes them


@dataclass(frozen=True)
class MetastoreStore:
    """Where the metastore keeps its tables: an embedded Derby, or a PostgreSQL that survives its machine."""

    url: str  # jdbc:postgresql://host:port/database; empty: Derby in the home
    username: str
    password: Secret


@dataclass(frozen=True)
class Topology:
    """This machine's part in a cluster."""

    advertised_host: str  # the name under which other machines reach this one's services
    simulator_host: str
    replication: int  # copies of each Kafka record and each HDFS block
    kafka_node_id: int
    kafka_voters: str  # `1@host:port,2@host:port`, all controllers; empty: this node alone
    kafka_cluster_id: str  # the same on all nodes; empty: generated when the node is formatted
    kafka_outside: str  # host:port at which clients outside the brokers' own network reach this one; empty: none
    presto_role: str  # one of PRESTO_ROLES
    metastore_store: MetastoreStore

    @property
    def kafka_min_in_sync(self) -> int:
        """How many brokers must hold a record before it is acknowledged: one may be away where there are three."""
        return max(1, self.replication - 1)


def read_topology(reader: Reader, machine: Machine) -> Topology:
    """Read the topology; alone, a machine is reached where it reaches itself."""
    return Topology(
        advertised_host=reader.get("COINLAKE_ADVERTISED_HOST", machine.local_host, str),
        simulator_host=reader.get("COINLAKE_SIMULATOR_HOST", machine.local_host, str),
        replication=reader.get("COINLAKE_REPLICATION", "1", parse.whole(1, 10)),
        kafka_node_id=reader.get("KAFKA_NODE_ID", "1", parse.whole(1, 10_000)),
        kafka_voters=reader.get("KAFKA_VOTERS", "", _voters),
        kafka_cluster_id=reader.get("KAFKA_CLUSTER_ID", "", _cluster_id),
        kafka_outside=reader.get("KAFKA_OUTSIDE_ADDRESS", "", _host_port),
        presto_role=reader.get("PRESTO_ROLE", "both", parse.one_of(*PRESTO_ROLES)),
        metastore_store=MetastoreStore(
            url=reader.get("METASTORE_DB_URL", "", _postgresql_url),
            username=reader.get("METASTORE_DB_USER", "coinlake", str),
            password=reader.secret("METASTORE_DB_PASSWORD"),
        ),
    )


def _voters(value: str) -> str:
    if value and not all(VOTER.fullmatch(part) for part in value.split(",")):
        raise ValueError("a comma list of NODE_ID@HOST:PORT")
    return value


def _cluster_id(value: str) -> str:
    if value and not CLUSTER_ID.fullmatch(value):
        raise ValueError("22 letters, digits, - or _ (16 bytes in URL-safe base64)")
    return value


def _host_port(value: str) -> str:
    return parse.host_ports(value) if value else ""


def _postgresql_url(value: str) -> str:
    if value and not value.startswith("jdbc:postgresql://"):
        raise ValueError("an address such as jdbc:postgresql://host:5432/metastore")
    return value
