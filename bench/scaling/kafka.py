"""Kafka: partitions by throughput and by readers, brokers by disk, network, processor and replicas."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from bench.scaling.assumptions import Assumptions
from bench.scaling.costs import Costs
from pipeline.events.trades import RAW_TRADES

DAY_S = 86_400
READERS = 2  # the streams `bronze` and `trades` read each record


@dataclass(frozen=True)
class KafkaPlan:
    """The trades' topic and the brokers under it; bytes are of one copy, compressed."""

    bytes_per_s: float
    partitions: int
    disk_bytes: float
    brokers: int
    brokers_by: str  # what asks for that many
    hottest_product_bytes_per_s: float  # all in one partition, for it is the key


def plan_kafka(costs: Costs, assumed: Assumptions, rate: float, tasks: int) -> KafkaPlan:
    """Return what the trades' topic needs at `rate` events a second, read by `tasks` Spark tasks at once."""
    readers = max(RAW_TRADES.partitions, tasks)
    partitions = max(readers, ceil(costs.counts.topic_bytes.at(rate, readers) / assumed.partition_bytes_per_s))
    volume = costs.counts.topic_bytes.at(rate, partitions)
    disk = volume * assumed.kafka_days * DAY_S * assumed.replication
    needs = {
        "disk": disk / (assumed.broker_disk * assumed.disk_fill),
        # Each copy comes in once; it goes out to the other replicas and to the readers.
        "network": volume * (assumed.replication - 1 + READERS) / (assumed.network_bytes_per_s * assumed.utilisation),
        # Followers cost about what a producer does: no more than that was measured.
        "processor": costs.cores["kafka"].at(rate, partitions)
        * assumed.replication
        / (assumed.cores * assumed.utilisation),
        "partitions": partitions * assumed.replication / assumed.broker_partitions,
        "replication": float(assumed.replication),
    }
    reason = max(needs, key=lambda name: needs[name])
    hottest = costs.counts.topic_bytes.per_event * rate * assumed.hottest_share
    return KafkaPlan(volume, partitions, disk, ceil(needs[reason]), reason, hottest)
