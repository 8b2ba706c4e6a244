"""The services' records: complete, without a contradiction, and enough for everything that is derived from them."""

from __future__ import annotations

from operator import attrgetter

import pytest

from pipeline import services
from pipeline.engines.render import TEMPLATES
from pipeline.health.probes import PROBES
from pipeline.services import (
    ALL_SERVICES,
    BY_NAME,
    JARS,
    STOP_ORDER,
    Service,
    by_container,
    published_ports,
    readers_of,
)
from pipeline.settings import load_settings

RECORDS = tuple(BY_NAME.values())


def test_no_two_services_share_a_name_or_a_port() -> None:
    offsets = [offset for record in RECORDS for offset in record.ports.values()]
    names = [name for record in RECORDS for name in record.ports]
    assert len(set(offsets)) == len(offsets)
    assert len(set(names)) == len(names) == len(services.PORT_OFFSETS)
    assert len(RECORDS) == len(services.SERVICES) + len(services.CLUSTER_SERVICES)


@pytest.mark.parametrize("record", RECORDS, ids=[record.name for record in RECORDS])
def test_a_record_names_only_ports_of_its_own(record: Service) -> None:
    assert {record.serves_at, record.published} - {""} <= set(record.ports)
    assert bool(record.containers) == bool(record.published)
    assert not record.page or record.serves_at
    assert not record.probe_path or record.serves_at


def test_addresses_are_settings() -> None:
    settings = load_settings({})
    assert all(attrgetter(record.address)(settings) for record in RECORDS if record.address)
    assert {record.address_port for record in RECORDS} - {""} <= set(services.PORT_OFFSETS)


def test_every_service_can_be_probed() -> None:
    assert set(services.SERVICES) <= set(PROBES)


def test_every_service_is_stopped_once_and_kafka_last() -> None:
    stopped = [name for group in STOP_ORDER for name in group]
    assert sorted(stopped) == sorted(services.SERVICES)
    assert STOP_ORDER[-1] == ("kafka",)
    assert STOP_ORDER[-2] == ("namenode", "datanode", "serving-postgres", "serving-s3")


def test_every_folder_of_configuration_has_its_readers() -> None:
    folders = {place.name for place in TEMPLATES.iterdir() if place.is_dir()}
    assert folders == {folder for record in ALL_SERVICES for folder in record.reads} - {JARS}
    assert readers_of({"hive"}) == {"metastore"}
    assert readers_of({"presto", "kafka"}) == {"presto", "kafka"}


def test_containers_are_found_by_their_names() -> None:
    assert by_container("broker-1") is BY_NAME["kafka"]
    assert by_container("postgres") is None
    assert "spark_ui" in published_ports("single")
    assert "spark_ui" not in published_ports("cluster")
    assert "spark_master_ui" in published_ports("cluster")
