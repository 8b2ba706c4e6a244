"""Spark: cores for the work on rows, which spread over executors, and the one driver, which does not."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil, inf

from bench.scaling.assumptions import Assumptions
from bench.scaling.costs import LINGER_S, Costs
from bench.scaling.kafka import DAY_S
from bench.scaling.processes import COLLECTOR, COMPILER, DRIVER, PYTHON, TASKS
from bench.scaling.storage import TRADES_TRIGGER_S
from pipeline.events.trades import RAW_TRADES
from pipeline.stream.streams.trades import PACE

EXECUTOR_CORES = 4
# Rows are what fills the heap, and executors have collectors and compilers of their own.
ON_EXECUTORS, ON_DRIVER = (TASKS, COLLECTOR, COMPILER), (DRIVER, PYTHON)


@dataclass(frozen=True)
class SparkPlan:
    """Cores are those to have, at the utilisation wanted; a driver is one machine."""

    task_cores: float
    tasks: int  # at once, each with its Kafka partition and its file
    executors: int
    driver_cores: float
    drivers: int  # jobs that share the products among them
    start_s: float  # without its file, one driver reads all known ids with one machine's cores


@dataclass(frozen=True)
class Limit:
    """A part that does not scale out today: the events a second up to which it does, and what has to change then."""

    part: str
    events_per_s: float
    change: str


def plan_spark(costs: Costs, assumed: Assumptions, rate: float) -> SparkPlan:
    """Return what the streaming job needs at `rate` events a second."""
    cores = cores_of(ON_EXECUTORS, costs, rate) / assumed.utilisation
    drivers = ceil(rate / min(driver_limits(costs, assumed).values()))
    return SparkPlan(
        task_cores=cores,
        tasks=ceil(cores),
        executors=ceil(cores / EXECUTOR_CORES),
        driver_cores=cores_of(ON_DRIVER, costs, rate) / assumed.utilisation,
        drivers=max(1, drivers),
        start_s=start_seconds(costs, assumed, rate),
    )


def cores_of(parts: Iterable[str], costs: Costs, rate: float) -> float:
    """Return the cores that some parts of Spark take together."""
    return sum(costs.cores[f"spark.{part}"].at(rate) for part in parts)


def driver_limits(costs: Costs, assumed: Assumptions) -> dict[str, float]:
    """Return the events a second at which each part of a driver has used its share of the machine up."""
    python, java = costs.cores[f"spark.{PYTHON}"], costs.cores[f"spark.{DRIVER}"]
    return {
        # Python runs on one core at a time.
        "python": _up_to(assumed.utilisation, python.fixed, python.per_event),
        "java": _up_to(assumed.utilisation * assumed.cores, java.fixed, java.per_event),
    }


def start_seconds(costs: Costs, assumed: Assumptions, rate: float) -> float:
    """Return how long a start without the file of known ids takes to read them from a table that holds all days."""
    rows = rate * DAY_S * assumed.lake_days
    return rows * costs.queries.known_ids_s_per_row / assumed.cores


def producer_limit(costs: Costs, assumed: Assumptions) -> float:
    """Return the events a second that one trade producer, on one core, takes from its WebSocket to Kafka."""
    line = costs.cores["trades"]
    fixed = line.fixed + line.per_request * RAW_TRADES.partitions / LINGER_S
    return _up_to(assumed.utilisation, fixed, line.per_event)


def limits(costs: Costs, assumed: Assumptions) -> list[Limit]:
    """Return what does not scale out today, the earliest first."""
    driver = driver_limits(costs, assumed)
    task, raw = costs.cores[f"spark.{TASKS}"], costs.counts.topic_bytes
    found = [
        Limit(
            "one task a batch: `coalesce(1)` in stream/streams/trades.py (all of Spark's tasks taken as its work)",
            _up_to(assumed.utilisation, 0.0, task.per_event),
            "leave it out: a task for each Kafka partition, with `write.distribution-mode` none a file for each",
        ),
        Limit(
            "100,000 records a batch: PACE in stream/streams/trades.py",
            PACE.max_records / TRADES_TRIGGER_S,
            "raise it with the executors' memory",
        ),
        Limit(
            "the driver's Python: ids and price extremes of each batch",
            driver["python"],
            "a job for each group of products (a topic each), or known ids kept by the executors",
        ),
        Limit("the driver's JVM", driver["java"], "a job for each stream, then for each group of products"),
        Limit(
            "one trade producer",
            producer_limit(costs, assumed),
            "one home with COINBASE_PRODUCTS of its own for each group of products",
        ),
        Limit(
            "products: more tasks than there are products find no partition",
            assumed.products * _up_to(assumed.utilisation, 0.0, task.per_event),
            "as for the busiest product",
        ),
        Limit(
            "the busiest product: one Kafka partition",
            assumed.partition_bytes_per_s / (raw.per_event * assumed.hottest_share),
            "key by product and a number; the order within a product comes from trade_id alone",
        ),
    ]
    return sorted(found, key=lambda limit: limit.events_per_s)


def _up_to(share: float, fixed: float, per_event: float) -> float:
    return max(0.0, share - fixed) / per_event if per_event else inf
