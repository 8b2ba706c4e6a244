"""The probes of a cluster's members, asked of servers that answer like the engines."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from pipeline.errors import ServiceError
from pipeline.health import member_probes
from pipeline.health.member_probes import presto_node, spark_master, spark_worker
from pipeline.settings import Settings, load_settings


@pytest.fixture
def ours() -> Settings:
    return load_settings(
        {
            "COINLAKE_HOME": "/nowhere",
            "COINLAKE_PORT_BASE": "21000",
            "COINLAKE_ADVERTISED_HOST": "spark-worker-1",
            "SPARK_MASTER": "spark://spark-master:21077",
        }
    )


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The answers by address; a probe that asks elsewhere fails."""
    answers: dict[str, Any] = {}
    monkeypatch.setattr(member_probes, "call", lambda _method, url: httpx.Response(200, json=answers[url]))
    return answers


def test_presto_is_ready_once_it_has_started(ours: Settings, asked: dict[str, Any]) -> None:
    asked["http://127.0.0.1:21080/v1/info"] = {"starting": False}
    presto_node(ours)
    asked["http://127.0.0.1:21080/v1/info"] = {"starting": True}
    with pytest.raises(ServiceError, match="still starting"):
        presto_node(ours)


def test_a_master_that_recovers_is_not_ready(ours: Settings, asked: dict[str, Any]) -> None:
    asked["http://127.0.0.1:21078/json/"] = {"status": "ALIVE"}
    spark_master(ours)
    asked["http://127.0.0.1:21078/json/"] = {"status": "RECOVERING"}
    with pytest.raises(ServiceError, match="master is RECOVERING"):
        spark_master(ours)


def test_a_worker_is_ready_when_the_master_knows_it(ours: Settings, asked: dict[str, Any]) -> None:
    workers = [{"host": "spark-worker-1", "state": "ALIVE"}, {"host": "spark-worker-1", "state": "DEAD"}]
    asked["http://spark-master:21078/json/"] = {"workers": workers}
    spark_worker(ours)
    asked["http://spark-master:21078/json/"] = {"workers": [*workers[1:], {"host": "spark-worker-2", "state": "ALIVE"}]}
    with pytest.raises(ServiceError, match="worker spark-worker-1 is DEAD"):
        spark_worker(ours)
    asked["http://spark-master:21078/json/"] = {"workers": []}
    with pytest.raises(ServiceError, match="worker spark-worker-1 is unknown"):
        spark_worker(ours)
