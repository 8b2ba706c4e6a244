"""What the engine knows of the services, as the status shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from pipeline.errors import ServiceError
from pipeline.host.containers import status
from pipeline.host.containers.compose import Compose, Service, write_values
from pipeline.settings import Settings

if TYPE_CHECKING:
    from tests.unit.pipeline.host.containers.conftest import FakeDocker

KAFKA, SPARK = "a" * 12, "b" * 12


@pytest.mark.parametrize(
    ("words", "mb"),
    [
        ("187.4MiB / 768MiB", 187),
        ("1.5GiB / 2GiB", 1536),
        ("512KiB / 1GiB", 0),
        ("2048KiB / 1GiB", 2),
        ("0B / 0B", 0),
        ("-- / --", None),
        ("", None),
    ],
)
def test_memory_is_read_from_dockers_words(words: str, mb: int | None) -> None:
    assert status.memory_mb(words) == mb


def test_services_have_pids_memory_and_addresses(ours: Settings, docker: FakeDocker) -> None:
    docker.answer("inspect", [f"{KAFKA}{'0' * 52} 4711", f"{SPARK}{'0' * 52} 0"])
    docker.answer("stats", f"{KAFKA}{'0' * 52}\t200MiB / 768MiB")
    services = [Service("kafka", KAFKA, "running", "healthy", 0), Service("spark", SPARK, "restarting", "", 1)]
    assert status.service_states(ours, services) == [
        {"name": "kafka", "up": True, "pid": 4711, "url": "127.0.0.1:21094", "rss_mb": 200},
        {"name": "spark", "up": False, "pid": None, "url": "http://127.0.0.1:21040", "rss_mb": None},
    ]


def test_first_steps_that_are_done_are_no_services(ours: Settings, docker: FakeDocker) -> None:
    write_values(Compose(ours.home).env_file, {"COINLAKE_PORTS": "210"})
    kafka = {"Service": "kafka", "ID": KAFKA, "State": "running", "Health": "healthy", "ExitCode": 0}
    topics = {"Service": "topics", "ID": SPARK, "State": "exited", "Health": "", "ExitCode": 0}
    scheduler = {**kafka, "Service": "scheduler"}
    docker.answer("ps --all", [kafka, topics, scheduler])
    assert status.run(ours, Compose(ours.home), ["--json"]) == 0
    assert docker.asked[-1].endswith("exec --no-TTY scheduler " + " ".join(status.STATUS) + " --json")
    assert not any(SPARK in asked for asked in docker.asked)


def test_without_a_container_that_can_ask_it_says_what_to_do(
    ours: Settings, docker: FakeDocker, capsys: pytest.CaptureFixture[str]
) -> None:
    write_values(Compose(ours.home).env_file, {"COINLAKE_PORTS": "210"})
    docker.answer(
        "ps --all", {"Service": "kafka", "ID": KAFKA, "State": "exited", "Health": "unhealthy", "ExitCode": 1}
    )
    with pytest.raises(ServiceError, match=r"pipeline_setup\.sh --docker starts it"):
        status.run(ours, Compose(ours.home), [])
    assert capsys.readouterr().out.split() == ["kafka", "DOWN"]
