"""The troubles of engines and of what they hold, each told by a server that has it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from pipeline.errors import CheckpointMismatchError, ServiceError
from pipeline.health.topic_states import TopicState
from pipeline.settings import Settings, load_settings
from pipeline.spark.kafka_source import KafkaIdentity
from pipeline.tables.catalog import TABLES
from pipeline.verbs.doctor import lake_checks
from pipeline.verbs.doctor.checks import State
from tests.support.fake_presto import FakePresto, table
from tests.support.served import served

SAFE = "Safe mode is ON. The reported blocks 0 needs additional 7 blocks."
WELL = {"Safemode": "", "LiveNodes": '{"one": {}}', "PercentRemaining": 60.5}


class NameNode(HTTPServer):
    """Shows beans as a NameNode's HTTP server does."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.beans: dict[str, dict[str, Any]] = {
            "NameNodeInfo": dict(WELL),
            "FSNamesystem": {"MissingBlocks": 0, "UnderReplicatedBlocks": 0},
        }


class _Handler(BaseHTTPRequestHandler):
    server: NameNode

    def do_GET(self) -> None:
        (query,) = parse_qs(urlsplit(self.path).query)["qry"]
        found = self.server.beans.get(query.rpartition("=")[2])
        body = json.dumps({"beans": [found] if found else []}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_words: object) -> None:
        """Stay quiet."""


@pytest.fixture
def namenode() -> Iterator[NameNode]:
    server = NameNode()
    with served(server):
        yield server


@pytest.fixture
def settings(tmp_path: Path, namenode: NameNode) -> Settings:
    address = f"http://127.0.0.1:{namenode.server_port}"
    return load_settings({"COINLAKE_HOME": str(tmp_path), "HDFS_HTTP_URL": address})


def test_a_well_hdfs_passes(settings: Settings) -> None:
    for look in (lake_checks.safe_mode, lake_checks.blocks, lake_checks.room):
        assert look(settings).state is State.PASS
    for name in ("namenode", "datanode"):
        assert lake_checks.service(name, settings).state is State.PASS


def test_safe_mode(settings: Settings, namenode: NameNode) -> None:
    namenode.beans["NameNodeInfo"]["Safemode"] = SAFE
    finding = lake_checks.safe_mode(settings)
    assert finding.state is State.FAIL
    assert SAFE in finding.words


@pytest.mark.parametrize(
    ("missing", "few", "state"),
    [(1, 4, State.FAIL), (0, 4, State.WARN), (0, 0, State.PASS)],
    ids=["lost", "few", "all"],
)
def test_blocks(settings: Settings, namenode: NameNode, missing: int, few: int, state: State) -> None:
    namenode.beans["FSNamesystem"] = {"MissingBlocks": missing, "UnderReplicatedBlocks": few}
    assert lake_checks.blocks(settings).state is state


def test_a_full_hdfs(settings: Settings, namenode: NameNode) -> None:
    namenode.beans["NameNodeInfo"]["PercentRemaining"] = 4.9
    assert lake_checks.room(settings).state is State.FAIL


def test_no_datanode(settings: Settings, namenode: NameNode) -> None:
    namenode.beans["NameNodeInfo"]["LiveNodes"] = "{}"
    with pytest.raises(ServiceError, match="no live DataNode"):
        lake_checks.service("datanode", settings)


def test_a_server_that_is_no_namenode(settings: Settings, namenode: NameNode) -> None:
    namenode.beans.clear()
    with pytest.raises(ServiceError, match="has no bean"):
        lake_checks.safe_mode(settings)


RECORDED = json.dumps({"id": "1", "cluster": "one", "topics": {"coin_events": "t1"}})


@pytest.mark.parametrize(
    ("found", "words"),
    [(("two", "t1"), "Kafka cluster one"), (("one", "t2"), "topic coin_events with id t1")],
    ids=["cluster", "topic"],
)
def test_a_checkpoint_of_another_kafka(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, found: tuple[str, str], words: str
) -> None:
    cluster, topic = found
    monkeypatch.setattr(lake_checks, "read_file", lambda _settings, _place: RECORDED)
    monkeypatch.setattr(
        lake_checks, "kafka_identity", lambda _admin, _topics: KafkaIdentity(cluster, {"coin_events": topic})
    )
    with pytest.raises(CheckpointMismatchError, match=words):
        lake_checks.checkpoint(settings)


def test_no_checkpoint_yet(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lake_checks, "read_file", lambda _settings, _place: None)
    assert lake_checks.checkpoint(settings).state is State.SKIP


@pytest.mark.parametrize(
    ("lags", "state"),
    [((500, 500), State.PASS), ((90_000, 80_000), State.PASS), ((90_000, 90_000), State.WARN)],
    ids=["small", "shrinking", "growing"],
)
def test_lag(settings: Settings, monkeypatch: pytest.MonkeyPatch, lags: tuple[int, int], state: State) -> None:
    told = iter(lags)
    monkeypatch.setattr(lake_checks, "LAG_LOOK_S", 0.01)
    monkeypatch.setattr(
        lake_checks, "topic_states", lambda _settings, _names, _limit: [TopicState("coin_events", 99_999, next(told))]
    )
    assert lake_checks.lag(settings).state is state


@pytest.fixture
def queried(settings: Settings, presto: FakePresto) -> Settings:
    return load_settings({"COINLAKE_HOME": str(settings.home), "PRESTO_URL": presto.url})


def test_tables_that_cannot_be_counted(queried: Settings, presto: FakePresto) -> None:
    presto.gives({"rows": "bigint", "newest": "bigint", "files": "bigint"}, [3, None, 1])
    assert f"{3 * len(TABLES)} rows" in lake_checks.tables(queried).words
    presto.fails("TABLE_NOT_FOUND", "Table does not exist")
    finding = lake_checks.tables(queried)
    assert finding.state is State.FAIL
    assert f"and {len(TABLES) - lake_checks.MORE_NAMES} more" in finding.words


COVERAGE = dict.fromkeys(("source", "product_id"), "varchar") | dict.fromkeys(
    ("trades", "filled", "missing", "open_gaps", "lost"), "bigint"
)


def test_gaps_that_stay_open_and_lost_trades(queried: Settings, presto: FakePresto) -> None:
    columns = {"source": "varchar", "product_id": "varchar", "n": "bigint", "first": "varchar"}
    old = table(columns, ["coinbase", "BTC-USD", 2, "2026-01-01 00:00"])
    presto.answers = {"localtimestamp": old, "coverage": table(COVERAGE, ["coinbase", "ETH-USD", 9, 0, 4, 0, 4])}
    finding = lake_checks.gaps(queried)
    assert finding.state is State.WARN
    assert [line.partition(":")[0] for line in finding.words.splitlines()] == [
        "2 gaps of BTC-USD from coinbase are open, the first since 2026-01-01 00",
        "4 trades of ETH-USD are lost",
    ]
