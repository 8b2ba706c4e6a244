"""How much memory each service gets: every heap is stated here and nowhere else.

Resident memory is the heap plus class metadata, compiled code, thread stacks and buffers: 90-350 MB a JVM here.
"""

from __future__ import annotations

from collections.abc import Mapping

# service -> (normal, small): the JVM's -Xmx; the whole stack stays under 5 GB, and under 3.5 GB with --small.
HEAPS: Mapping[str, tuple[str, str]] = {
    "kafka": ("384m", "192m"),
    "namenode": ("192m", "96m"),
    "datanode": ("160m", "96m"),
    "metastore": ("256m", "160m"),
    "presto": ("1024m", "640m"),
    "spark": ("1024m", "640m"),
}

# What runs only where the tasks of the Spark job run on other machines.
CLUSTER_HEAPS: Mapping[str, tuple[str, str]] = {
    "spark_daemon": ("128m", "128m"),  # a master, or a worker: it only starts executors
    "spark_executor": ("768m", "512m"),
}


def heap(service: str, small: bool) -> str:
    """Return the service's largest heap in the JVM's notation, such as `640m`."""
    normal, reduced = {**HEAPS, **CLUSTER_HEAPS}[service]
    return reduced if small else normal


def heap_mb(service: str, small: bool) -> int:
    """Return the service's largest heap in megabytes."""
    return int(heap(service, small).removesuffix("m"))
