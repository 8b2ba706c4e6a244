"""Is this machine's service a working member of its cluster? Each probe raises with the reason when it is not."""

from __future__ import annotations

from urllib.parse import urlsplit

from pipeline.errors import ServiceError
from pipeline.own_http import call
from pipeline.settings import Settings


def presto_node(settings: Settings) -> None:
    """Ask this machine's Presto, coordinator or worker, whether it has started."""
    if call("GET", f"{settings.url('presto')}/v1/info").json()["starting"]:
        raise ServiceError(f"{settings.url('presto')} is still starting")


def spark_master(settings: Settings) -> None:
    """Ask this machine's Spark master for its state, which is STANDBY or RECOVERING after its restart."""
    url = f"{settings.url('spark_master_ui')}/json/"
    status = call("GET", url).json()["status"]
    if status != "ALIVE":
        raise ServiceError(f"{url} says that the master is {status}")


def spark_worker(settings: Settings) -> None:
    """Ask the master whether this machine's worker is registered with it and alive."""
    url = f"http://{urlsplit(settings.lake.spark_master).hostname}:{settings.port('spark_master_ui')}/json/"
    own = settings.topology.advertised_host
    # One that was killed stays listed for a while beside its successor.
    states = [worker["state"] for worker in call("GET", url).json()["workers"] if worker["host"] == own]
    if "ALIVE" not in states:
        raise ServiceError(f"{url} says that the worker {own} is {' and '.join(states) or 'unknown'}")
