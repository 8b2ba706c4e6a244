"""How much memory each JVM gets; a service's heap is stated in its record, an executor's here.

Resident memory is the heap plus class metadata, compiled code, thread stacks and buffers: 90-350 MB a JVM here. The
whole stack stays under 5 GB, and under 3.5 GB with --small.
"""

from __future__ import annotations

from collections.abc import Mapping

from pipeline.services import BY_NAME, Heap

SPARK_EXECUTOR = "spark_executor"  # runs only where the tasks of the Spark job run on other machines
HEAPS: Mapping[str, Heap] = {
    **{name: service.heap for name, service in BY_NAME.items() if service.heap is not None},
    SPARK_EXECUTOR: Heap("768m", "512m"),
}


def heap(name: str, small: bool) -> str:
    """Return the largest heap of a service or executor in the JVM's notation, such as `640m`."""
    return HEAPS[name].small if small else HEAPS[name].normal


def heap_mb(name: str, small: bool) -> int:
    """Return the largest heap of a service or executor in megabytes."""
    return int(heap(name, small).removesuffix("m"))
