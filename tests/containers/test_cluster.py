"""The cluster in containers: while trades flow, one of each kind dies, and nothing is lost or there twice."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from pipeline.simulated_exchange import SimulatedExchange
from tests.support.containers import Lake, lake_in_containers
from tests.support.docker_engine import Engine
from tests.support.trading import TRADES, Session
from tests.support.waiting import wait_until

pytestmark = pytest.mark.long

RATE = 100.0  # trades a second over all products
CRASH_S = 480  # thirteen JVMs share the machine's cores: with two, a new driver takes minutes to its first batch
MORE = 500  # trades that have to become visible while one is dead


@pytest.fixture(scope="module")
def lake(ready_engine: Engine, checkout: Path, test_home: Path) -> Iterator[Lake]:
    """Three brokers and DataNodes, two Spark and Presto workers."""
    with lake_in_containers(
        ready_engine, checkout, test_home / "cluster", "--profile", "cluster", "--no-notebook"
    ) as lake:
        yield lake


@pytest.fixture(scope="module")
def session(lake: Lake) -> Session:
    """Trades that flow until all has been killed that shall be."""
    exchange = SimulatedExchange(lake.stack.settings.url("simulator"), lake.api_token)
    session = Session(lake.stack, exchange)
    exchange.set_rate(RATE)
    return session


def test_every_record_and_block_has_three_copies(lake: Lake, session: Session) -> None:
    wait_until(lambda: session.counts()[0] >= MORE, 180, "trades in the table")
    told = lake.run_in("scheduler", "/var/lib/coinlake/venv/bin/python", "-c", REPLICAS)
    assert set(told.split()) == {"3"}
    files = lake.stack.presto('SELECT file_path FROM iceberg.silver."fact_crypto_trades$files" LIMIT 1')
    path = urlsplit(str(files[0][0])).path
    answer = httpx.get(f"{lake.stack.settings.lake.hdfs_http_url}/webhdfs/v1{path}", params={"op": "GETFILESTATUS"})
    assert answer.json()["FileStatus"]["replication"] == 3


REPLICAS = """
from confluent_kafka.admin import AdminClient
from pipeline.events.catalog import TOPICS
from pipeline.kafka.clients import client_config
from pipeline.settings import load_settings
topics = AdminClient(client_config(load_settings())).list_topics(timeout=10).topics
for topic in TOPICS:
    for partition in topics[topic.name].partitions.values():
        print(len(partition.replicas))
"""


@pytest.mark.parametrize("service", ["broker-2", "datanode-2", "spark-worker-1", "presto-worker-1"])
def test_the_lake_goes_on_without_one(lake: Lake, session: Session, service: str) -> None:
    lake.kill(service)
    before = wait_until(lambda: session.counts()[0], 120, f"queries answer without {service}")
    wait_until(lambda: session.counts()[0] >= before + MORE, 180, f"the stream continues without {service}")
    lake.start(service)
    wait_until(lambda: lake.health(service) == "healthy", 180, f"{service} is back")


def test_a_crashed_driver_goes_on_where_it_was(lake: Lake, session: Session) -> None:
    before = session.counts()[0]
    lake.crash("spark-driver")
    wait_until(lambda: session.counts()[0] >= before + MORE, CRASH_S, "the stream continues")


def test_each_trade_is_there_once(lake: Lake, session: Session) -> None:
    session.exchange.set_rate(0)
    session.wait_until_complete(CRASH_S)  # the dead driver's batch comes again, with all that was made meanwhile
    assert session.made() > 5 * MORE
    query = "SELECT sum(missing) FROM ops.coverage"
    held = lake.stack.count(TRADES)
    counted = "SELECT sum(received + filled) FROM ops.coverage"
    wait_until(lambda: lake.stack.presto(counted)[0][0] == held, 120, "coverage counts every trade")
    assert lake.stack.presto(query) == [(0,)]
