"""The services of the lake, and which of them run here under these settings."""

from __future__ import annotations

from urllib.parse import urlsplit

from pipeline.settings import Settings

# In the order in which the data passes them; also the names of the start scripts and of the supervisor's programs.
SERVICES = (
    "kafka",
    "namenode",
    "datanode",
    "metastore",
    "presto",
    "spark",
    "scheduler",
    "trades",
    "simulator",
    "notebook",
)

# Only a cluster has these; each is started where it shall run, by its script or in its container.
CLUSTER_SERVICES = ("postgres", "spark-master", "spark-worker")


def services_here(settings: Settings, *, notebook: bool = True) -> tuple[str, ...]:
    """Return the services to run on this machine, in the order of `SERVICES`.

    An engine whose address setting points elsewhere is someone else's and left out; so is the simulator when only the
    live market may be used.
    """
    left_out = {name for name, address in _addresses(settings).items() if not _is_ours(settings, name, address)}
    if settings.market == "live":
        left_out.add("simulator")
    if not notebook:
        left_out.add("notebook")
    return tuple(name for name in SERVICES if name not in left_out)


def _addresses(settings: Settings) -> dict[str, str]:
    """Return each engine's address; a DataNode belongs to its NameNode."""
    return {
        "kafka": f"kafka://{settings.kafka_bootstrap}",
        "namenode": settings.hdfs_uri,
        "datanode": settings.hdfs_uri,
        "metastore": settings.metastore_uri,
        "presto": settings.presto_url,
    }


def _is_ours(settings: Settings, name: str, address: str) -> bool:
    port = settings.port("namenode" if name == "datanode" else name)
    return urlsplit(address).netloc == f"{settings.local_host}:{port}"
