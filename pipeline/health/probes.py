"""Is a service ready? Each probe does a real, small operation and raises with the reason when it fails.

`python -m pipeline.health.probes NAME... [--timeout SECONDS]` exits 0 when all are ready, else 1 with the reasons.
"""

from __future__ import annotations

import argparse
import logging
import sys
import time
from collections.abc import Callable, Mapping
from functools import partial

import httpx

from pipeline.errors import CoinlakeError, ServiceError
from pipeline.health import kafka_probe, member_probes, serving_probes, thrift
from pipeline.host import processes
from pipeline.own_http import ANSWER_S, call
from pipeline.presto import PROBE_SOURCE
from pipeline.run_files import HEARTBEAT_S, Beat
from pipeline.services import ALL_SERVICES, Service
from pipeline.settings import Settings, load_settings

LOOK_AGAIN_S = 0.25
PROBE_FOLDER = "/tmp/coinlake_probe"  # noqa: S108  # a folder in HDFS

Probe = Callable[[Settings], None]


def namenode(settings: Settings) -> None:
    """Make a folder in HDFS, which no NameNode in safe mode does."""
    _webhdfs(settings, "PUT", "", op="MKDIRS")


def datanode(settings: Settings) -> None:
    """Write a file to HDFS, read it back and delete it."""
    name, content = f"/{time.time_ns()}", b"coinlake"
    place = _webhdfs(settings, "PUT", name, op="CREATE", overwrite="true", noredirect="true").json()["Location"]
    call("PUT", place, content=content)
    place = _webhdfs(settings, "GET", name, op="OPEN", noredirect="true").json()["Location"]
    found = call("GET", place).content
    _webhdfs(settings, "DELETE", name, op="DELETE")
    if found != content:
        raise ServiceError(f"HDFS gave back {found[:80]!r} for {content!r}")


def metastore(settings: Settings) -> None:
    """Ask for the databases, which the metastore reads from its own store."""
    try:
        names = thrift.get_all_databases(settings.lake.metastore_uri, ANSWER_S)
    except (OSError, thrift.ThriftError) as error:
        raise ServiceError(f"{settings.lake.metastore_uri}: {error}") from None
    if "default" not in names:
        raise ServiceError(f"{settings.lake.metastore_uri} has no database `default`, only {names}")


def presto(settings: Settings) -> None:
    """Run SELECT 1, which needs a worker."""
    headers = {"X-Presto-User": "coinlake", "X-Presto-Source": PROBE_SOURCE}
    answer = call("POST", f"{settings.lake.presto_url}/v1/statement", content=b"SELECT 1", headers=headers).json()
    rows = answer.get("data", [])
    deadline = time.monotonic() + ANSWER_S
    while "nextUri" in answer and time.monotonic() < deadline:
        answer = call("GET", answer["nextUri"], headers=headers).json()
        rows += answer.get("data", [])
    if rows != [[1]]:
        raise ServiceError(f"SELECT 1: {answer.get('error', {}).get('message', 'no answer')}")


def scheduler(settings: Settings) -> None:
    """Ask for its health."""
    status = call("GET", f"{settings.url('scheduler')}/health").json().get("status")
    if status != "ok":
        raise ServiceError(f"the scheduler says it is {status!r}")


def notebook(settings: Settings) -> None:
    """Ask JupyterLab for its status with the token."""
    headers = {"Authorization": f"token {settings.access.notebook_token.reveal()}"}
    call("GET", f"{settings.url('notebook')}/api/status", headers=headers)


def heartbeat(service: Service, settings: Settings) -> None:
    """Look at the heartbeat that a service writes."""
    beat = Beat.read(settings.run_dir, service.name)
    if beat is None:
        raise ServiceError(f"no heartbeat of {service.name} yet")
    if beat.age_s > HEARTBEAT_S or not processes.is_alive(beat.pid):
        raise ServiceError(f"the last heartbeat of {service.name} was {beat.age_s:.0f} s ago")


def page(service: Service, settings: Settings) -> None:
    """Get the page that a service answers once it works."""
    call("GET", f"{settings.url(service.serves_at)}{service.probe_path}")


# Beside those of the services: what is asked of one member of a cluster, and whether the topics are there.
OWN_PROBES: Mapping[str, Probe] = {
    "kafka": kafka_probe.round_trip,
    "topics": kafka_probe.topics,
    "namenode": namenode,
    "datanode": datanode,
    "metastore": metastore,
    "presto": presto,
    "scheduler": scheduler,
    "notebook": notebook,
    "serving-postgres": serving_probes.postgres,
    "serving-s3": serving_probes.bucket,
    "presto-node": member_probes.presto_node,
    "spark-master": member_probes.spark_master,
    "spark-worker": member_probes.spark_worker,
}


def _generic(service: Service) -> Probe:
    return partial(page if service.probe_path else heartbeat, service)


PROBES: Mapping[str, Probe] = {**{service.name: _generic(service) for service in ALL_SERVICES}, **OWN_PROBES}


def check(name: str, settings: Settings) -> str | None:
    """Return why a service is not ready, or None when it is."""
    try:
        PROBES[name](settings)
    except ServiceError as error:
        return str(error)
    return None


def wait(name: str, settings: Settings, timeout_s: float) -> str | None:
    """Try again until the service is ready or the time is over; return the last reason, or None when it is ready."""
    deadline = time.monotonic() + timeout_s
    while (reason := check(name, settings)) is not None and time.monotonic() < deadline:
        time.sleep(LOOK_AGAIN_S)
    return reason


def main() -> int:
    """Run the command line; return its exit code."""
    parser = argparse.ArgumentParser(prog="python -m pipeline.health.probes", description=__doc__)
    parser.add_argument("names", nargs="+", choices=sorted(PROBES), metavar="NAME")
    parser.add_argument("--timeout", type=float, default=0, metavar="SECONDS", help="try for so long, for all together")
    options = parser.parse_args()
    logging.getLogger("httpx").setLevel(logging.WARNING)
    try:
        settings = load_settings()
    except CoinlakeError as error:
        print(f"probes: {error}", file=sys.stderr)  # noqa: T201
        return 1
    deadline = time.monotonic() + options.timeout
    reasons = {name: wait(name, settings, deadline - time.monotonic()) for name in options.names}
    for name, reason in reasons.items():
        if reason is not None:
            print(f"{name}: {reason}", file=sys.stderr)  # noqa: T201
    return 1 if any(reasons.values()) else 0


def _webhdfs(settings: Settings, method: str, name: str, **query: str) -> httpx.Response:
    address = f"{settings.lake.hdfs_http_url}/webhdfs/v1{PROBE_FOLDER}{name}"
    return call(method, address, params={"user.name": "coinlake", **query})


if __name__ == "__main__":
    sys.exit(main())
