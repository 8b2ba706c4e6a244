"""The whole lake at a rate of events: every engine's plan, and what goes over the network."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from bench.scaling.assumptions import Assumptions
from bench.scaling.costs import Costs
from bench.scaling.kafka import READERS, KafkaPlan, plan_kafka
from bench.scaling.storage import StoragePlan, plan_storage
from bench.scaling.streaming import EXECUTOR_CORES, SparkPlan, plan_spark, producer_limit

METASTORE_CALLS = 2  # of a commit: the table is read, then altered
POSTGRES_FROM = 2  # jobs: Derby serves one metastore process, which then has to be more than one


@dataclass(frozen=True)
class ServingPlan:
    """Who brings trades in and who answers questions about them."""

    producers: int
    metastore_calls_per_s: float
    needs_postgres: bool
    query_rows: float
    query_cpu_s: float
    presto_workers: int
    scheduler_cores: float  # prices a minute: the same at any rate of trades


@dataclass(frozen=True)
class Plan:
    """What the lake needs at a rate."""

    events_per_s: float
    kafka: KafkaPlan
    storage: StoragePlan
    spark: SparkPlan
    serving: ServingPlan
    network_bytes_per_s: float
    machines: int


def make_plan(costs: Costs, assumed: Assumptions, rate: float) -> Plan:
    """Work all engines out for `rate` events a second."""
    spark = plan_spark(costs, assumed, rate)
    kafka = plan_kafka(costs, assumed, rate, spark.tasks)
    storage = plan_storage(costs, assumed, rate, spark.tasks)
    serving = plan_serving(costs, assumed, rate, spark.drivers)
    cores = spark.executors * EXECUTOR_CORES + serving.producers
    machines = (
        kafka.brokers
        + storage.data_nodes
        + serving.presto_workers
        + spark.drivers
        + ceil(cores / assumed.cores)
        + 2  # NameNode and metastore, Presto's coordinator
    )
    return Plan(rate, kafka, storage, spark, serving, network_bytes(kafka, storage, assumed), machines)


def plan_serving(costs: Costs, assumed: Assumptions, rate: float, jobs: int) -> ServingPlan:
    """Return producers, the metastore's load with so many jobs that commit, and Presto's workers."""
    rows = rate * assumed.query_window_s
    cpu_s = costs.queries.query_s + rows * costs.queries.scan_s_per_row
    return ServingPlan(
        producers=max(1, ceil(rate / producer_limit(costs, assumed))),
        metastore_calls_per_s=METASTORE_CALLS * costs.counts.commits.at(rate) * jobs,
        needs_postgres=jobs >= POSTGRES_FROM,
        query_rows=rows,
        query_cpu_s=cpu_s,
        presto_workers=max(1, ceil(assumed.queries_per_s * cpu_s / (assumed.cores * assumed.utilisation))),
        scheduler_cores=costs.cores["scheduler"].fixed,
    )


def network_bytes(kafka: KafkaPlan, storage: StoragePlan, assumed: Assumptions) -> float:
    """Return the bytes a second between machines: into Kafka and its copies, to Spark, to HDFS and through compaction.

    A row is written once by its batch and then read and written by each compaction of its file; each time to all
    DataNodes that keep a copy.
    """
    through_kafka = kafka.bytes_per_s * (assumed.replication + READERS)
    written = sum(
        table.bytes_per_day / 86_400 * (assumed.replication + table.rewrites * (1 + assumed.replication))
        for table in (storage.bronze, storage.trades)
    )
    return through_kafka + written
