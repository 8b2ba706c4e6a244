"""The rendered configuration: what the engines must find there, and that it changes only when it should."""

from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest
from jinja2 import UndefinedError

from pipeline.engines import memory, render
from pipeline.engines.local_services import services_here
from pipeline.host.exposure import ExposedError
from pipeline.services import ALL_SERVICES, CLUSTER_SERVICES, SERVICES, readers_of
from pipeline.settings import CHECKOUT, Settings, load_settings

Make = Callable[..., Settings]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    return lambda **env: load_settings({"COINLAKE_HOME": str(tmp_path), "COINLAKE_PORT_BASE": "21000", **env})


def hadoop(settings: Settings, name: str) -> dict[str, str]:
    root = ElementTree.parse(settings.conf_dir / name).getroot()
    return {entry.findtext("name", ""): entry.findtext("value", "") for entry in root}


def properties(settings: Settings, name: str) -> dict[str, str]:
    lines = (settings.conf_dir / name).read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def test_every_template_is_rendered_for_its_owner_alone(make: Make) -> None:
    ours = make()
    changed = render.render_all(ours)
    names = {str(file.relative_to(ours.conf_dir)) for file in changed}
    assert {"kafka/server.properties", "hadoop/hdfs-site.xml", "hive/hive-site.xml", "supervisord.conf"} <= names
    assert all(stat.S_IMODE(file.stat().st_mode) == 0o600 for file in changed)
    assert all("{{" not in file.read_text() and "{%" not in file.read_text() for file in changed)


def test_a_second_rendering_touches_nothing_and_a_changed_setting_only_its_files(make: Make) -> None:
    render.render_all(make())
    assert render.render_all(make()) == []
    changed = render.render_all(make(COINLAKE_SMALL="true"))
    assert {file.name for file in changed} == {
        "config.properties",
        "datanode.options",
        "jvm.options",
        "metastore.options",
        "namenode.options",
        "supervisord.conf",
    }


def test_kafka_is_one_node_that_comes_back_quickly(make: Make, tmp_path: Path) -> None:
    render.render_all(make())
    kafka = properties(make(), "kafka/server.properties")
    assert kafka["listeners"] == "PLAINTEXT://127.0.0.1:21092,CONTROLLER://127.0.0.1:21093"
    assert kafka["log.dirs"] == f"{tmp_path}/data/kafka"
    assert kafka["auto.create.topics.enable"] == "false"
    assert {kafka[name] for name in kafka if name.endswith("replication.factor")} == {"1"}
    assert int(kafka["broker.session.timeout.ms"]) <= 3000
    assert kafka["group.initial.rebalance.delay.ms"] == "0"


def test_the_only_copy_of_a_record_is_on_the_disk_when_it_is_acknowledged(make: Make) -> None:
    render.render_all(make())
    assert properties(make(), "kafka/server.properties")["log.flush.interval.messages"] == "1"


def test_of_several_copies_each_is_on_its_disk_a_second_later(make: Make) -> None:
    ours = make(COINLAKE_REPLICATION="3")
    render.render_all(ours)
    kafka = properties(ours, "kafka/server.properties")
    assert "log.flush.interval.messages" not in kafka
    # The second is how often Kafka looks, which is never by default.
    assert (kafka["log.flush.interval.ms"], kafka["log.flush.scheduler.interval.ms"]) == ("1000", "1000")


def test_every_hdfs_writer_closes_files_quickly_and_patiently(make: Make) -> None:
    render.render_all(make())
    hdfs = hadoop(make(), "hadoop/hdfs-site.xml")
    close = "dfs.client.block.write.locateFollowingBlock"
    first, most, tries = (int(hdfs[f"{close}.{key}"]) for key in ("initial.delay.ms", "max.delay.ms", "retries"))
    assert first == 2
    # The defaults wait 400 ms + ... + 6,400 ms = 12.4 s before they give up; so should ours.
    assert 10_000 <= sum(min(first << number, most) for number in range(tries)) <= 20_000
    assert hdfs["dfs.datanode.synconclose"] == "true"
    assert hdfs["dfs.namenode.safemode.extension"] == "0"
    assert hdfs["dfs.replication"] == "1"


def test_everything_listens_on_the_given_address(make: Make) -> None:
    ours = make(COINLAKE_LISTEN_HOST="0.0.0.0", COINLAKE_PRIVATE_NETWORK="true")
    render.render_all(ours)
    hdfs, kafka = hadoop(ours, "hadoop/hdfs-site.xml"), properties(ours, "kafka/server.properties")
    presto = properties(ours, "presto/config.properties")
    assert hdfs["dfs.namenode.rpc-bind-host"] == "0.0.0.0"
    assert hdfs["dfs.namenode.rpc-address"] == "127.0.0.1:21020"
    assert hdfs["dfs.datanode.hostname"] == "127.0.0.1"
    assert kafka["listeners"].startswith("PLAINTEXT://0.0.0.0:21092,")
    assert kafka["advertised.listeners"] == "PLAINTEXT://127.0.0.1:21092"
    assert (presto["node.bind-ip"], presto["node.internal-address"]) == ("0.0.0.0", "127.0.0.1")


@pytest.mark.parametrize("variable", ["COINLAKE_LISTEN_HOST", "COINLAKE_ADVERTISED_HOST"])
def test_nothing_is_rendered_for_a_network_that_may_not_be_private(make: Make, variable: str) -> None:
    with pytest.raises(ExposedError, match=f"{variable}=10.0.0.5 would open"):
        render.render_all(make(**{variable: "10.0.0.5"}))
    assert not make().conf_dir.exists()


@pytest.mark.parametrize("small", ["true", "false"])
def test_prestos_memory_limits_fit_its_heap(make: Make, small: str) -> None:
    ours = make(COINLAKE_SMALL=small)
    render.render_all(ours)
    presto = properties(ours, "presto/config.properties")
    total, room = presto["query.max-total-memory-per-node"], presto["memory.heap-headroom-per-node"]
    heap = memory.heap_mb("presto", small=ours.small)
    assert int(total.removesuffix("MB")) + int(room.removesuffix("MB")) < heap
    assert f"-Xmx{heap}m\n" in (ours.conf_dir / "presto/jvm.options").read_text()


def test_presto_sees_commits_at_once(make: Make) -> None:
    render.render_all(make())
    for catalog in ("hive", "iceberg"):
        assert properties(make(), f"presto/catalog/{catalog}.properties")["hive.metastore-cache-ttl"] == "0s"
    iceberg = properties(make(), "presto/catalog/iceberg.properties")
    assert iceberg["iceberg.delete-as-join-rewrite-enabled"] == "false"


def test_text_is_escaped_in_xml(make: Make) -> None:
    ours = make(METASTORE_URI="thrift://meta:9083/?a&b")
    render.render_all(ours)
    assert hadoop(ours, "hive/hive-site.xml")["hive.metastore.uris"] == "thrift://meta:9083/?a&b"


def test_a_misspelt_name_in_a_template_stops_the_start(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "templates").mkdir()
    (tmp_path / "templates" / "broken.j2").write_text("{{ no_such_name }}")
    monkeypatch.setattr(render, "TEMPLATES", tmp_path / "templates")
    with pytest.raises(UndefinedError, match="no_such_name"):
        render.render_all(make())


IN_TIERS = {service.name for service in ALL_SERVICES if service.tier}


def test_all_services_but_those_of_a_tier_run_here_by_default(make: Make) -> None:
    assert services_here(make()) == tuple(name for name in SERVICES if name not in IN_TIERS)
    assert services_here(make(COINLAKE_SERVING="true")) == SERVICES


@pytest.mark.parametrize(
    ("env", "left_out"),
    [
        ({"COINLAKE_MARKET": "live"}, {"simulator"}),
        ({"KAFKA_BOOTSTRAP_SERVERS": "broker:9092"}, {"kafka"}),
        ({"HDFS_URI": "hdfs://cluster:8020"}, {"namenode", "datanode"}),
        ({"METASTORE_URI": "thrift://meta:9083"}, {"metastore"}),
        ({"PRESTO_URL": "http://presto:8080"}, {"presto"}),
        ({"POSTGRES_URL": "postgresql://db:5432/gold"}, {"serving-postgres"}),
        ({"S3_ENDPOINT_URL": "https://s3.example"}, {"serving-s3"}),
        ({"COINLAKE_SUPERSET": "false"}, {"superset"}),
        ({"COINLAKE_LISTEN_HOST": "0.0.0.0"}, set()),
    ],
)
def test_an_engine_that_is_elsewhere_is_not_started(make: Make, env: dict[str, str], left_out: set[str]) -> None:
    assert set(SERVICES) - set(services_here(make(COINLAKE_SERVING="true", **env))) == left_out


def test_the_notebook_can_be_left_out(make: Make) -> None:
    assert "notebook" not in services_here(make(), notebook=False)


def test_every_service_has_a_start_script_and_both_profiles_fit(make: Make) -> None:
    start = CHECKOUT / "pipeline" / "engines" / "start"
    assert {file.stem for file in start.glob("*.sh")} == {*SERVICES, *CLUSTER_SERVICES}
    for small, most_gb in ((False, 5.0), (True, 3.5)):
        heaps = sum(memory.heap_mb(service, small=small) for service in SERVICES if service in memory.HEAPS)
        assert heaps < most_gb * 1024 * 0.7  # class metadata, code and buffers come on top


def test_changed_secrets_of_the_serving_tier_restart_whoever_reads_them(make: Make) -> None:
    render.render_all(make())
    new = {"POSTGRES_PASSWORD": "it's new", "S3_SECRET_KEY": "back\\slash"}
    changed = render.render_all(make(**new))
    assert {file.parent.name for file in changed} == {"serving-postgres", "serving-s3"}
    assert {"serving-postgres", "serving-s3", "spark"} <= readers_of({"serving-postgres", "serving-s3"})
    roles = (make().conf_dir / "serving-postgres" / "roles.sql").read_text()
    assert "PASSWORD 'it''s new';" in roles
    assert properties(make(), "serving-s3/s3proxy.conf")["s3proxy.credential"] == "back\\\\slash"
    (reader,) = render.render_all(make(POSTGRES_READER_PASSWORD="a:b", **new))
    assert reader.read_text().splitlines()[-1] == "*:*:*:reader:a\\:b"
