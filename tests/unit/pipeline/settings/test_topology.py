"""The settings of a machine among several, and what the engines' configuration makes of them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest

from pipeline.engines import render
from pipeline.errors import SettingsError
from pipeline.settings import Settings, load_settings

VOTERS = "1@broker-1:21093,2@broker-2:21093,3@broker-3:21093"
Make = Callable[..., Settings]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    fixed = {"COINLAKE_HOME": str(tmp_path), "COINLAKE_PORT_BASE": "21000", "COINLAKE_PRIVATE_NETWORK": "true"}
    return lambda **env: load_settings(fixed | env)


def properties(ours: Settings, name: str) -> dict[str, str]:
    render.render_all(ours)
    lines = (ours.conf_dir / name).read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def hadoop(ours: Settings, name: str) -> dict[str, str]:
    render.render_all(ours)
    root = ElementTree.parse(ours.conf_dir / name).getroot()
    return {entry.findtext("name", ""): entry.findtext("value", "") for entry in root}


def test_alone_a_machine_is_all_of_the_lake(make: Make) -> None:
    topology = make().topology
    assert (topology.advertised_host, topology.simulator_host) == ("127.0.0.1", "127.0.0.1")
    assert (topology.replication, topology.kafka_min_in_sync, topology.presto_role) == (1, 1, "both")


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("COINLAKE_REPLICATION", "0"),
        ("KAFKA_NODE_ID", "one"),
        ("KAFKA_VOTERS", "broker-1:9093"),
        ("KAFKA_CLUSTER_ID", "short"),
        ("KAFKA_OUTSIDE_ADDRESS", "nowhere"),
        ("PRESTO_ROLE", "boss"),
        ("METASTORE_DB_URL", "jdbc:mysql://db/metastore"),
    ],
)
def test_what_cannot_be_used_is_named(make: Make, variable: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"{variable}.*{value}"):
        make(**{variable: value})


def test_three_copies_survive_one_broker(make: Make) -> None:
    kafka = properties(make(COINLAKE_REPLICATION="3"), "kafka/server.properties")
    assert {kafka[name] for name in kafka if name.endswith("replication.factor")} == {"3"}
    assert {kafka[name] for name in kafka if name.endswith(("min.isr", "min.insync.replicas"))} == {"2"}
    assert hadoop(make(COINLAKE_REPLICATION="3"), "hadoop/hdfs-site.xml")["dfs.replication"] == "3"


def test_a_broker_among_voters_knows_its_number_and_all_of_them(make: Make) -> None:
    broker = make(KAFKA_NODE_ID="2", KAFKA_VOTERS=VOTERS, COINLAKE_ADVERTISED_HOST="broker-2")
    kafka = properties(broker, "kafka/server.properties")
    assert (kafka["node.id"], kafka["controller.quorum.voters"]) == ("2", VOTERS)
    assert "controller.quorum.bootstrap.servers" not in kafka
    assert kafka["advertised.listeners"] == "PLAINTEXT://broker-2:21092"


def test_a_broker_alone_is_its_own_quorum(make: Make) -> None:
    kafka = properties(make(), "kafka/server.properties")
    assert kafka["controller.quorum.bootstrap.servers"] == "127.0.0.1:21093"
    assert "controller.quorum.voters" not in kafka


def test_clients_outside_have_a_door_of_their_own(make: Make) -> None:
    ours = make(
        COINLAKE_LISTEN_HOST="0.0.0.0", COINLAKE_ADVERTISED_HOST="kafka", KAFKA_OUTSIDE_ADDRESS="127.0.0.1:21092"
    )
    kafka = properties(ours, "kafka/server.properties")
    assert kafka["listeners"] == "PLAINTEXT://0.0.0.0:21092,CONTROLLER://kafka:21093,OUTSIDE://0.0.0.0:21094"
    assert kafka["advertised.listeners"] == "PLAINTEXT://kafka:21092,OUTSIDE://127.0.0.1:21092"
    assert "OUTSIDE:PLAINTEXT" in kafka["listener.security.protocol.map"]


def test_a_presto_worker_finds_its_coordinator(make: Make) -> None:
    worker = make(PRESTO_ROLE="worker", PRESTO_URL="http://presto:21080", COINLAKE_ADVERTISED_HOST="presto-worker-1")
    presto = properties(worker, "presto/config.properties")
    assert (presto["coordinator"], presto["discovery.uri"]) == ("false", "http://presto:21080")
    assert presto["node.id"] == "coinlake-presto-worker-1-21000"
    assert "discovery-server.enabled" not in presto


def test_a_coordinator_with_workers_runs_no_tasks(make: Make) -> None:
    presto = properties(make(PRESTO_ROLE="coordinator"), "presto/config.properties")
    assert (presto["coordinator"], presto["node-scheduler.include-coordinator"]) == ("true", "false")
    alone = properties(make(), "presto/config.properties")
    assert (alone["coordinator"], alone["node-scheduler.include-coordinator"]) == ("true", "true")


def test_metastore_keeps_its_tables_where_it_is_told(make: Make, tmp_path: Path) -> None:
    secret = tmp_path / "password"
    secret.write_text("pa&ss\n")
    url = "jdbc:postgresql://postgres:5432/metastore"
    hive = hadoop(make(METASTORE_DB_URL=url, METASTORE_DB_PASSWORD_FILE=str(secret)), "hive/hive-site.xml")
    assert hive["javax.jdo.option.ConnectionURL"] == url
    assert hive["javax.jdo.option.ConnectionPassword"] == "pa&ss"
    assert hadoop(make(), "hive/hive-site.xml")["javax.jdo.option.ConnectionURL"].startswith("jdbc:derby:")


def test_the_simulator_may_be_elsewhere(make: Make) -> None:
    ours = make(COINLAKE_SIMULATOR_HOST="simulator")
    assert ours.markets.simulator_url == "http://simulator:21060"
    assert ours.markets.exchange.simulator.ws_url == "ws://simulator:21061"
