"""Every service of the lake stated once: order, ports, memory, configuration, health, page and stop.

The supervisor, the probes, the verbs and both runtimes derive what they need from these records. A new service needs a
record here, a start script `engines/start/<name>.sh` and, where it reads any, its templates.
Only the standard library is used here: the preflight runs before anything is installed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum

JARS = "jars"
SERVING = "serving"
"""The tier that `--with serving` adds; what belongs to no tier always runs."""


class StopGroup(IntEnum):
    """Services of a group are stopped together, the lowest group first: writers and readers before what they use."""

    CLIENTS = 1
    QUERIES = 2
    CATALOG = 3
    STORAGE = 4
    BROKERS = 5


@dataclass(frozen=True)
class Heap:
    """The largest heap of a JVM, in its own notation, such as `640m`."""

    normal: str
    small: str  # with --small


@dataclass(frozen=True)
class Service:
    """One service, as every part of Coinlake sees it.

    `ports` maps a port's name to its offset from COINLAKE_PORT_BASE. `serves_at` names the port that answers while the
    service is up; a service without one reports by a heartbeat in `run/<name>.json`. An engine whose address setting
    (`address`, a path in Settings, at the port `address_port`) points elsewhere is someone else's and is not started.
    `containers` names its service in each Compose profile in which it can be reached from outside, at `published`.
    """

    name: str
    ports: Mapping[str, int] = field(default_factory=dict)
    serves_at: str = ""
    scheme: str = "http://"  # what its address begins with
    probe_path: str = ""  # a GET that succeeds once the service works; empty: health/probes.py has a probe of its own
    page: str = ""  # what a browser finds at `serves_at`; empty: nothing for a person
    heap: Heap | None = None
    reads: tuple[str, ...] = ()  # folders of the rendered configuration, and JARS: a change restarts it
    variables: tuple[str, ...] = ()  # settings that a set-up's options may change, handed to it by the supervisor
    stop_group: StopGroup = StopGroup.CLIENTS
    stop_signal: str = "TERM"
    # All start at once. Idle, all are ready after half a minute; beside a build Kafka alone has taken 90 s.
    ready_s: float = 120.0
    address: str = ""
    address_port: str = ""
    tier: str = ""  # empty, or SERVING
    containers: Mapping[str, str] = field(default_factory=dict)
    published: str = ""


# In the order in which they become ready: each after those that it waits for.
ALL_SERVICES = (
    Service(
        "kafka",
        ports={"kafka": 92, "kafka_controller": 93, "kafka_outside": 94},
        serves_at="kafka",
        scheme="",
        heap=Heap("384m", "192m"),
        reads=("kafka", JARS),
        stop_group=StopGroup.BROKERS,
        address="kafka.bootstrap",
        address_port="kafka",
        containers={"single": "kafka", "cluster": "broker-1"},
        published="kafka_outside",
    ),
    Service(
        "namenode",
        ports={"namenode": 20, "namenode_http": 70},
        serves_at="namenode_http",
        page="HDFS NameNode",
        heap=Heap("192m", "96m"),
        reads=("hadoop", JARS),
        stop_group=StopGroup.STORAGE,
        address="lake.hdfs_uri",
        address_port="namenode",
        containers={"single": "cloudera", "cluster": "namenode"},
        published="namenode_http",
    ),
    Service(
        "datanode",
        ports={"datanode_http": 64, "datanode": 66, "datanode_ipc": 67},
        serves_at="datanode_http",
        heap=Heap("160m", "96m"),
        reads=("hadoop", JARS),
        stop_group=StopGroup.STORAGE,
        address="lake.hdfs_uri",
        address_port="namenode",  # it belongs to its NameNode
    ),
    Service(
        "metastore",
        ports={"metastore": 83},
        serves_at="metastore",
        scheme="thrift://",
        heap=Heap("256m", "160m"),
        reads=("hadoop", "hive"),
        stop_group=StopGroup.CATALOG,
        address="lake.metastore_uri",
        address_port="metastore",
    ),
    Service(
        "presto",
        ports={"presto": 80},
        serves_at="presto",
        page="Presto",
        heap=Heap("1024m", "640m"),
        reads=("hadoop", "presto", JARS),
        stop_group=StopGroup.QUERIES,
        ready_s=180.0,
        address="lake.presto_url",
        address_port="presto",
        containers={"single": "presto", "cluster": "presto-coordinator"},
        published="presto",
    ),
    Service(
        "simulator",
        ports={"simulator": 60, "simulator_feed": 61},
        serves_at="simulator",
        probe_path="/api/v3/ping",
        containers={"single": "simulator", "cluster": "simulator"},
        published="simulator",
    ),
    Service(
        "scheduler",
        ports={"scheduler": 50},
        serves_at="scheduler",
        page="scheduler API",
        variables=("COINLAKE_MARKET", "COINLAKE_SERVING"),
        containers={"single": "scheduler", "cluster": "scheduler"},
        published="scheduler",
    ),
    Service("trades", variables=("COINLAKE_MARKET",)),
    Service("notifier", variables=("COINLAKE_SERVING",)),
    Service(
        "spark",
        ports={"spark_ui": 40},
        serves_at="spark_ui",
        page="Spark",
        heap=Heap("1024m", "640m"),
        reads=("hadoop", "spark", "serving-postgres", "serving-s3", JARS),  # the last two hold the passwords it reads
        variables=("COINLAKE_SERVING", "COINLAKE_SUPERSET"),
        ready_s=240.0,
        containers={"single": "spark"},
        published="spark_ui",
    ),
    Service(
        "serving-postgres",
        ports={"serving_postgres": 54},
        serves_at="serving_postgres",
        scheme="postgresql://",
        reads=("serving-postgres",),
        variables=("COINLAKE_SERVING", "COINLAKE_SUPERSET"),
        stop_group=StopGroup.STORAGE,
        stop_signal="INT",  # at TERM it waits until its last client has gone
        address="serving.postgres.url",
        address_port="serving_postgres",
        tier=SERVING,
        containers={SERVING: "serving-postgres"},
        published="serving_postgres",
    ),
    Service(
        "serving-s3",
        ports={"serving_s3": 48},
        serves_at="serving_s3",
        heap=Heap("64m", "64m"),
        reads=("serving-s3", JARS),
        variables=("COINLAKE_SERVING",),
        stop_group=StopGroup.STORAGE,
        address="serving.bucket.endpoint",
        address_port="serving_s3",
        tier=SERVING,
        containers={SERVING: "serving-s3"},
        published="serving_s3",
    ),
    Service(
        "superset",
        ports={"superset": 89},
        serves_at="superset",
        probe_path="/health",
        page="dashboards",
        variables=("COINLAKE_SERVING", "COINLAKE_SUPERSET"),
        ready_s=300.0,  # its first start makes 60 tables and looks into every schema
        tier=SERVING,
        containers={"superset": "superset"},
        published="superset",
    ),
    Service(
        "notebook",
        ports={"notebook": 88},
        serves_at="notebook",
        page="notebook",
        containers={"single": "notebook", "cluster": "notebook"},
        published="notebook",
    ),
    Service(
        "page",
        ports={"page": 0},
        serves_at="page",
        probe_path="/health",
        page="live page",
        containers={"single": "page", "cluster": "page"},
        published="page",
    ),
)

# Only a cluster has these; each is started where it shall run, by its script or in its container.
ALL_CLUSTER_SERVICES = (
    Service("postgres"),
    Service(
        "spark-master",
        ports={"spark_master": 77, "spark_master_ui": 78},
        heap=Heap("128m", "128m"),
        containers={"cluster": "spark-master"},
        published="spark_master_ui",
    ),
    Service("spark-worker", ports={"spark_worker_ui": 79}, heap=Heap("128m", "128m")),
)

BY_NAME: Mapping[str, Service] = {service.name: service for service in (*ALL_SERVICES, *ALL_CLUSTER_SERVICES)}
SERVICES = tuple(service.name for service in ALL_SERVICES)
CLUSTER_SERVICES = tuple(service.name for service in ALL_CLUSTER_SERVICES)
PORT_OFFSETS: Mapping[str, int] = {
    name: offset for service in BY_NAME.values() for name, offset in service.ports.items()
}
STOP_ORDER = tuple(tuple(s.name for s in ALL_SERVICES if s.stop_group is group) for group in StopGroup)
PAGES = tuple(service for service in reversed(ALL_SERVICES) if service.page)


def published_ports(profile: str) -> tuple[str, ...]:
    """Return the names of the ports that a Compose profile publishes."""
    return tuple(service.published for service in BY_NAME.values() if profile in service.containers)


def by_container(name: str) -> Service | None:
    """Return the service that a Compose service of this name makes reachable, None where there is none."""
    return next((service for service in BY_NAME.values() if name in service.containers.values()), None)


def readers_of(folders: set[str]) -> set[str]:
    """Return the services that read any of these folders of the rendered configuration, or JARS, at their start."""
    return {service.name for service in ALL_SERVICES if folders & set(service.reads)}
