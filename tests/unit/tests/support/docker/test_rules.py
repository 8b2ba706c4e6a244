"""The rules for services: each is broken once."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.support.docker import rules
from tests.support.docker.compose import Service

GOOD: Service = {
    "init": True,
    "restart": "unless-stopped",
    "mem_limit": "134217728",
    "healthcheck": {"test": ["CMD", "true"]},
    "logging": {"driver": "json-file", "options": {"max-size": "10m", "max-file": "3"}},
    "environment": {
        "KAFKA_PASSWORD_FILE": "/run/secrets/kafka",
        "EMPTY_TOKEN": None,
        "URI": "hdfs://namenode:8020/x@y",
    },
    "ports": [{"host_ip": "127.0.0.1", "published": "18050"}],
    "volumes": [{"type": "volume", "source": "data", "target": "/data"}],
}


@pytest.mark.parametrize("rule", [*rules.RULES, *rules.RULES_FOR_LONG_RUNNING])
def test_good_service_keeps_every_rule(rule: Callable[[Service], bool]) -> None:
    assert rule(GOOD)


@pytest.mark.parametrize(
    ("rule", "fault"),
    [
        (rules.publishes_on_this_machine_only, {"ports": [{"published": "18050"}]}),
        (rules.publishes_on_this_machine_only, {"ports": [{"host_ip": "0.0.0.0", "published": "18050"}]}),
        (rules.has_an_init, {"init": False}),
        (rules.has_a_memory_limit, {"mem_limit": "0"}),
        (rules.is_restarted, {"restart": "no"}),
        (rules.has_a_health_check, {"healthcheck": {"disable": True}}),
        (rules.has_a_health_check, {"healthcheck": {"test": ["NONE"]}}),
        (rules.shows_no_secret, {"environment": {"COINGECKO_API_KEY": "CG-x"}}),
        (rules.shows_no_secret, {"environment": {"kafka_password": "x"}}),
        (rules.shows_no_secret, {"environment": {"DB": "jdbc:postgresql://db/m?user=a&password=b"}}),
        (rules.shows_no_secret, {"environment": {"DB": "postgresql://user:word@db:5432/m"}}),
        (rules.keeps_data_in_named_volumes, {"volumes": [{"type": "bind", "source": "/etc", "target": "/data"}]}),
        (rules.keeps_data_in_named_volumes, {"volumes": [{"type": "volume", "target": "/data"}]}),
        (rules.bounds_its_logs, {"logging": {"driver": "json-file"}}),
        (rules.bounds_its_logs, {"logging": {"driver": "json-file", "options": {"max-size": "10m"}}}),
        (rules.stays_in_its_container, {"privileged": True}),
        (rules.stays_in_its_container, {"network_mode": "host"}),
        (rules.stays_in_its_container, {"cap_add": ["NET_ADMIN"]}),
    ],
)
def test_fault_is_seen(rule: Callable[[Service], bool], fault: Service) -> None:
    assert not rule(GOOD | fault)


@pytest.mark.parametrize(
    ("rule", "left_out"),
    [
        (rules.has_an_init, "init"),
        (rules.has_a_memory_limit, "mem_limit"),
        (rules.bounds_its_logs, "logging"),
        (rules.is_restarted, "restart"),
        (rules.has_a_health_check, "healthcheck"),
    ],
)
def test_nothing_said_is_a_fault(rule: Callable[[Service], bool], left_out: str) -> None:
    assert not rule({name: value for name, value in GOOD.items() if name != left_out})


def test_memory_limit_may_be_a_deployment_s() -> None:
    assert rules.has_a_memory_limit({"deploy": {"resources": {"limits": {"memory": "1024"}}}})


def test_job_is_awaited_or_restarted_only_after_a_failure() -> None:
    awaited = {"topics": {"condition": "service_completed_successfully"}, "kafka": {"condition": "service_healthy"}}
    services = {
        "topics": {},
        "kafka": GOOD,
        "databases": {"restart": "on-failure:5"},
        "forgotten": {"depends_on": awaited},
    }
    assert rules.jobs(services) == {"topics", "databases"}


def test_port_published_by_two_services_is_found() -> None:
    assert rules.ports_taken_twice({"a": GOOD, "b": {}}) == []
    assert rules.ports_taken_twice({"a": GOOD, "b": GOOD}) == ["18050"]
