"""The lake in containers on one machine: the main job, the verbs, crashes, and what the containers may not do."""

from __future__ import annotations

import csv
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from pipeline.engines.secrets import CLUSTER_NAMES, NAMES, SERVING_NAMES
from pipeline.health import probes, serving_probes
from pipeline.serving.clients import connect_owner, connect_reader
from pipeline.settings import load_settings
from pipeline.settings.values import read_env_file
from tests.support.containers import SETUP, Lake, lake_in_containers
from tests.support.docker_engine import Engine
from tests.support.history import read_export
from tests.support.prices import price_event, record
from tests.support.waiting import wait_until

# Writers before what they write to: the order in which they can end in peace.
SERVERS = ("serving-postgres", "serving-s3")
PYTHON_ALONE = ("page", "notebook", "notifier", "trades", "scheduler", "simulator")
SERVICES = (*PYTHON_ALONE, "spark", "presto", *SERVERS, "cloudera", "kafka")
ONCE = {"secrets", "topics", "databases"}
PRICES = "iceberg.silver.coin_prices"
SOURCE = "test-containers"
ALONE = [pytest.param(service, marks=pytest.mark.long) for service in ("kafka", "spark", "cloudera")]


@pytest.fixture(scope="module")
def lake(ready_engine: Engine, checkout: Path, test_home: Path, history_file: Path) -> Iterator[Lake]:
    """The lake as the README sets it up, with a history and the servers of gold."""
    options = ("--history", str(history_file), "--with", "serving", "--no-superset")
    with lake_in_containers(ready_engine, checkout, test_home / "single", *options) as lake:
        yield lake


@pytest.fixture
def secrets(lake: Lake, tmp_path: Path) -> dict[str, str]:
    """What the volume of secrets holds."""
    held = tmp_path / ".env"
    held.write_text(lake.run_in("scheduler", "cat", "/var/lib/coinlake/secrets/.env"))
    return read_env_file(held)


def test_the_set_up_proves_itself_as_natively(lake: Lake, history_file: Path) -> None:
    assert "read back through Presto" in lake.said
    assert "SIMULATED PRICES AND TRADES" in lake.said
    days = len(read_export(history_file))
    for table in (PRICES, "hive.crypto.coin_data"):
        assert lake.stack.count(table, "source = 'csv_coingecko'") == days


def test_a_second_set_up_changes_nothing(lake: Lake) -> None:
    before = lake.containers()
    said = lake.stack.script(SETUP, seconds=300)  # a home that is one of containers stays so
    assert "images are there" in said
    assert "read back through Presto" in said
    assert lake.containers() == before


def test_the_status_tells_of_every_container(lake: Lake) -> None:
    status = lake.stack.status()
    services = {service["name"]: service for service in status["services"]}
    assert services.keys() == set(SERVICES)
    assert all(service["up"] and service["pid"] > 0 and service["rss_mb"] > 0 for service in services.values())
    assert status["market"] == "simulator"
    assert all(topic["lag"] is not None for topic in status["topics"])
    assert {table["name"] for table in status["tables"]} >= {PRICES, "hive.crypto.coin_data"}


def test_the_doctor_asks_the_engines_from_inside(lake: Lake) -> None:
    results = json.loads(lake.stack.script("pipeline/scripts/pipeline_doctor.sh", "--json", seconds=300))
    states = {result["id"]: result["state"] for result in results}
    assert {states[name] for name in ("service.kafka", "service.presto", "hdfs.safe-mode", "tables.rows")} == {"PASS"}
    assert "services.supervisor" not in states


def test_the_verbs_work_from_outside(lake: Lake, tmp_path: Path) -> None:
    query = tmp_path / "my query.sql"
    query.write_text("SELECT 40 + 2;")
    script = lake.stack.script
    assert '"42"' in script("analysis/scripts/presto.sh", "--execute", "SELECT 42", "--output-format", "CSV")
    assert '"42"' in script("analysis/scripts/presto.sh", "--file", str(query), "--output-format", "CSV")
    assert "settings match" in script("pipeline/init/setup_events.sh", "--check")
    assert "simulator" in script("monitor/watch_kafka.sh", "--limit", "1", "coin_events")


def test_the_notebooks_address_opens_it(lake: Lake) -> None:
    address = lake.stack.script("analysis/scripts/notebook_up.sh", "trades").strip()
    assert f"127.0.0.1:{lake.stack.settings.port('notebook')}/" in address
    assert httpx.get(address, follow_redirects=True).status_code == 200


def test_the_page_sees_its_neighbours(lake: Lake) -> None:
    wanted = {"namenode", "metastore", *SERVICES} - {"cloudera"}
    up: set[str] = set()
    end = time.monotonic() + 60
    with httpx.stream("GET", f"{lake.stack.settings.url('page')}/events", timeout=60) as answer:
        for line in answer.iter_lines():
            if line.startswith("data: "):
                services = json.loads(line.removeprefix("data: ")).get("services", {})
                up |= {name for name, state in services.items() if state["up"]}
            if wanted <= up or time.monotonic() > end:
                break
    assert wanted - up == set()


def test_a_file_of_prices_is_taken_in(lake: Lake, tmp_path: Path) -> None:
    file = tmp_path / "eth usd.csv"
    with file.open("w", newline="") as target:
        rows = [["snapped_at", "price", "market_cap", "total_volume"], ["2020-01-01 00:00:00 UTC", "129.18", "", ""]]
        csv.writer(target).writerows(rows)
    lake.stack.script("pipeline/init/init_coin_data.sh", "--csv", str(file), "--coin", "ethereum", seconds=300)
    lake.stack.wait_for_count(1, PRICES, "source = 'csv_coingecko' AND coin = 'ethereum'")


def test_gold_can_be_had_from_this_machine_also_after_a_crash(lake: Lake, secrets: dict[str, str]) -> None:
    ours = lake.stack.settings
    settings = load_settings({"COINLAKE_HOME": str(ours.home), "COINLAKE_PORT_BASE": str(ours.port_base), **secrets})
    postgres = settings.serving.postgres
    serving_probes.bucket(settings)
    with connect_owner(postgres) as connection:
        connection.execute("CREATE TABLE numbers AS SELECT 7 AS value")
    for service in SERVERS:
        before = started_at(lake, service)
        lake.crash(service)
        wait_until(lambda: started_at(lake, service) != before, 60, f"{service} is started again")  # noqa: B023
    for name in SERVERS:
        wait_until(lambda: probes.check(name, settings) is None, 60, f"{name} works again")  # noqa: B023
    with connect_reader(postgres) as connection:
        assert connection.execute("SELECT value FROM numbers").fetchall() == [(7,)]


@pytest.mark.parametrize("services", ["kafka spark cloudera", *ALONE])
def test_a_crash_loses_and_doubles_nothing(lake: Lake, services: str) -> None:
    began = datetime.now(UTC) - timedelta(minutes=30)
    source = f"{SOURCE}-{services.replace(' ', '-')}"
    events = [record(price_event(source, began + timedelta(seconds=n))) for n in range(600)]
    started = {service: started_at(lake, service) for service in services.split()}
    lake.stack.produce_all("coin_events", events[:300])
    for service in started:
        lake.crash(service)
    lake.stack.produce_all("coin_events", events[300:])
    for service, before in started.items():
        wait_until(lambda: started_at(lake, service) != before, 60, f"{service} is started again")  # noqa: B023
    where = f"source = '{source}'"
    lake.stack.wait_for_count(600, PRICES, where, seconds=240)
    assert lake.stack.presto(f"SELECT count(DISTINCT event_time) FROM {PRICES} WHERE {where}") == [(600,)]
    for service in started:
        wait_until(lambda: lake.health(service) == "healthy", 240, f"{service} is healthy again")  # noqa: B023


def test_servers_that_come_back_under_each_others_address_are_found(lake: Lake) -> None:
    pair = ("kafka", "cloudera")
    before = {service: address(lake, service) for service in pair}
    first, last = sorted(pair, key=lambda service: [int(part) for part in before[service].split(".")])
    for service in pair:
        lake.kill(service)
    for service in (last, first):  # the engine gives the lowest free address to the one that starts first
        lake.start(service)
    assert {address(lake, service) for service in pair} == set(before.values())
    assert address(lake, first) == before[last]
    source = f"{SOURCE}-moved"
    wait_until(lambda: lake.health("kafka") == "healthy", 120, "kafka is healthy again")
    lake.stack.produce_all("coin_events", [record(price_event(source, datetime.now(UTC) - timedelta(minutes=1)))])
    lake.stack.wait_for_count(1, PRICES, f"source = '{source}'", seconds=240)


def address(lake: Lake, service: str) -> str:
    (network,) = lake.inspect(service)["NetworkSettings"]["Networks"].values()
    return str(network["IPAddress"])


def started_at(lake: Lake, service: str) -> str:
    return str(lake.inspect(service)["State"]["StartedAt"])


def test_no_container_runs_as_root_or_writes_into_its_image(lake: Lake) -> None:
    for service in SERVICES:
        assert lake.run_in(service, "id", "-u").strip() == "10001", service
        assert lake.inspect(service)["HostConfig"]["ReadonlyRootfs"], service


def test_ports_are_published_on_this_machine_alone(lake: Lake) -> None:
    hosts = {
        binding["HostIp"]
        for service in SERVICES
        for bindings in lake.inspect(service)["HostConfig"]["PortBindings"].values()
        for binding in bindings
    }
    assert hosts == {"127.0.0.1"}


def test_no_secret_is_in_an_image_or_a_containers_environment(lake: Lake, secrets: dict[str, str]) -> None:
    assert set(secrets) == {*NAMES, *CLUSTER_NAMES, *SERVING_NAMES}
    hidden = [value for name, value in secrets.items() if name != "KAFKA_CLUSTER_ID"]
    images = sorted({lake.inspect(service)["Image"] for service in SERVICES})
    told = [lake.engine.docker("history", "--no-trunc", image) for image in images]
    told += [json.dumps(lake.inspect(service)) for service in {*SERVICES, *ONCE}]
    assert not [secret for secret in hidden for text in told if secret in text]
    for image in images:
        find = ("--entrypoint", "find", image, "/var/lib/coinlake/secrets", "-type", "f")
        assert lake.engine.docker("run", "--rm", *find) == ""


def test_every_container_ends_when_it_is_asked_to(lake: Lake) -> None:
    for service in SERVICES:
        lake.engine.docker("stop", "--time", "30", lake.containers()[service])
    assert [name for name in SERVICES if lake.inspect(name)["State"]["ExitCode"] == 137] == []


def test_down_with_purge_leaves_nothing(lake: Lake) -> None:
    label = f"label=com.docker.compose.project={lake.project}"
    lake.stack.script("pipeline/scripts/pipeline_down.sh", "--purge", "--yes", seconds=300)
    for kind in ("container", "volume", "network"):
        every = ["--all"] if kind == "container" else []
        assert lake.engine.docker(kind, "ls", *every, "--quiet", "--filter", label) == "", kind
