"""The clusters of the workspace: PENDING, then RUNNING, until they are deleted."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count
from typing import Any

from tests.support.databricks.faults import ApiError

NODE_TYPES = [
    {
        "node_type_id": name,
        "memory_mb": memory,
        "num_cores": 2,
        "description": name,
        "instance_type_id": name,
        "category": "General",
    }
    for name, memory in (("tiny", 4096), ("small", 8192), ("large", 65536))
]


class Clusters:
    """The state of `clusters` 2.1."""

    def __init__(self) -> None:
        self.all: dict[str, dict[str, Any]] = {}
        self.made: list[dict[str, Any]] = []  # every one there ever was, as it was asked for
        self.looks_until_running = 1
        self.ends_with: dict[str, Any] | None = None  # a termination reason, instead of RUNNING
        self._numbers = count(1)

    def create(self, _query: Mapping[str, str], body: dict[str, Any]) -> dict[str, Any]:
        if not body.get("node_type_id"):
            raise ApiError(400, "INVALID_PARAMETER_VALUE", "node_type_id is missing")
        cluster_id = f"1129-{next(self._numbers):06d}-abcd"
        self.made.append(body)
        self.all[cluster_id] = {"cluster_id": cluster_id, "state": "PENDING", "looks": 0, **body}
        return {"cluster_id": cluster_id}

    def get(self, query: Mapping[str, str], _body: object) -> dict[str, Any]:
        cluster = self._find(query["cluster_id"])
        cluster["looks"] += 1
        if cluster["looks"] > self.looks_until_running and cluster["state"] == "PENDING":
            cluster["state"] = "TERMINATED" if self.ends_with else "RUNNING"
            cluster["termination_reason"] = self.ends_with
        return cluster

    def list(self, _query: Mapping[str, str], _body: object) -> dict[str, Any]:
        return {"clusters": list(self.all.values())}

    def node_types(self, _query: Mapping[str, str], _body: object) -> dict[str, Any]:
        return {"node_types": NODE_TYPES}

    def permanent_delete(self, _query: Mapping[str, str], body: dict[str, Any]) -> dict[str, Any]:
        self._find(body["cluster_id"])
        del self.all[body["cluster_id"]]
        return {}

    def _find(self, cluster_id: str) -> dict[str, Any]:
        if cluster_id not in self.all:
            raise ApiError(400, "INVALID_PARAMETER_VALUE", f"Cluster {cluster_id} does not exist")
        return self.all[cluster_id]
