"""A home's project of Docker Compose: its settings' file and what its containers do."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pipeline.errors import ServiceError
from pipeline.host.containers.compose import (
    HANDED_ON,
    TIERS,
    Compose,
    Service,
    profiles_of,
    project_values,
    write_values,
)
from pipeline.services import BY_NAME, by_container, published_ports
from pipeline.settings import CHECKOUT, Settings

if TYPE_CHECKING:
    from tests.unit.pipeline.host.containers.conftest import FakeDocker

MADE_BY_US = {
    "COINLAKE_PORTS",
    "COINLAKE_MARKET",
    "COINLAKE_SMALL",
    "COINLAKE_NOTEBOOKS",
    "COINLAKE_SERVING",
    "COINLAKE_SUPERSET",
}


def listed(name: str, state: str, health: str, code: int = 0) -> dict[str, object]:
    return {"Service": name, "ID": "0123456789ab", "State": state, "Health": health, "ExitCode": code}


@pytest.mark.parametrize(
    ("state", "health", "code", "ready"),
    [
        ("running", "healthy", 0, True),
        ("running", "starting", 0, False),
        ("running", "unhealthy", 0, False),
        ("running", "", 0, False),  # a first step that is not over
        ("exited", "", 0, True),
        ("exited", "", 1, False),
        ("restarting", "healthy", 0, False),
        ("created", "", 0, False),
    ],
)
def test_a_service_is_ready_when_it_works_or_has_done_its_part(state: str, health: str, code: int, ready: bool) -> None:
    assert Service("kafka", "0123456789ab", state, health, code).is_ready is ready


def test_each_home_is_a_project_of_its_own(tmp_path: Path) -> None:
    default = project_values(CHECKOUT / ".coinlake", 18000, ["single"])
    assert default == {"COMPOSE_PROJECT_NAME": "coinlake", "COMPOSE_PROFILES": "single", "COINLAKE_PORTS": "180"}
    names = {project_values(tmp_path / name, 18000, ["single"])["COMPOSE_PROJECT_NAME"] for name in ("a", "b")}
    assert len(names) == 2
    assert all(re.fullmatch(r"coinlake-[0-9a-f]{8}", name) for name in names)


def test_profiles_are_kept_in_their_order(tmp_path: Path) -> None:
    values = project_values(tmp_path, 18000, ["cluster", "serving"])
    assert values["COMPOSE_PROFILES"] == "cluster,serving"
    assert profiles_of(values) == ["cluster", "serving"]
    assert profiles_of({}) == []


def test_the_services_of_a_tier_are_those_that_its_profile_publishes() -> None:
    ports = {port for tier in TIERS for port in published_ports(tier)}
    assert [by_container(name) for name in TIERS["serving"]] == [BY_NAME[name] for name in TIERS["serving"]]
    assert {"serving_postgres", "serving_s3"} <= ports
    assert not ports & set(published_ports("single"))


def test_values_are_read_back_and_written_only_when_they_change(tmp_path: Path) -> None:
    file = tmp_path / "home" / "docker.env"
    assert write_values(file, {"COINLAKE_PORTS": "210", "COINS": "bitcoin,ethereum"})
    assert Compose(tmp_path / "home").values == {"COINLAKE_PORTS": "210", "COINS": "bitcoin,ethereum"}
    assert not write_values(file, {"COINLAKE_PORTS": "210", "COINS": "bitcoin,ethereum"})
    assert write_values(file, {"COINLAKE_PORTS": "220"})


def test_a_home_that_was_never_set_up_has_no_services(ours: Settings, docker: FakeDocker) -> None:
    assert Compose(ours.home).services() == []
    assert not Compose(ours.home).is_up()
    assert docker.asked == []


def test_services_come_in_the_order_of_their_names(ours: Settings, docker: FakeDocker) -> None:
    write_values(Compose(ours.home).env_file, {"COINLAKE_PORTS": "210"})
    docker.answer("ps --all", [listed("trades", "exited", "", 137), listed("kafka", "running", "healthy")])
    services = Compose(ours.home).services()
    assert [(service.name, service.is_ready) for service in services] == [("kafka", True), ("trades", False)]
    assert Compose(ours.home).is_up()
    docker.answer("ps --all", [listed("kafka", "exited", "", 0)])
    assert not Compose(ours.home).is_up()


def test_a_failed_call_says_what_docker_says(ours: Settings, docker: FakeDocker) -> None:
    docker.answer("up --wait", "dependency failed to start: kafka is unhealthy", exit_code=1)
    with pytest.raises(ServiceError, match="kafka is unhealthy"):
        Compose(ours.home).run("up", "--wait")


def test_every_setting_of_the_compose_file_is_handed_on() -> None:
    text = (CHECKOUT / "docker-compose.yml").read_text(encoding="utf-8")
    asked = set(re.findall(r"\$\{([A-Z][A-Z0-9_]*)", text))
    assert asked == {*HANDED_ON, *MADE_BY_US}
