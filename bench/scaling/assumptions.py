"""What was not measured here: machines, rules of thumb with their source, and how much is kept and asked."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Assumptions:
    """Change them with `dataclasses.replace`; sizes in bytes, times in seconds."""

    # What is wanted.
    kafka_days: float = 7.0  # retention.ms of our topics (pipeline/events/raw.py)
    lake_days: float = 365.0  # chosen: nothing is deleted from the tables
    replication: int = 3  # COINLAKE_REPLICATION on a cluster
    products: int = 500  # chosen: as many as a large exchange lists
    hottest_share: float = 0.25  # chosen: of all trades, those of the busiest product
    queries_per_s: float = 0.1  # chosen: a dashboard that groups the last hour every 10 s
    query_window_s: float = 3600.0

    # Machines, chosen: 8 cores each, 10 Gbit/s.
    cores: int = 8
    utilisation: float = 0.6  # of cores and network, so that a dead machine's work fits on the others
    network_bytes_per_s: float = 1.25e9
    broker_disk: float = 4e12
    data_node_disk: float = 48e12
    disk_fill: float = 0.7

    # Rules of thumb.
    # 10 MB/s: https://dattell.com/data-architecture-blog/kafka-optimization-how-many-partitions-are-needed/
    partition_bytes_per_s: float = 10e6
    # https://cwiki.apache.org/confluence/spaces/KAFKA/pages/148641509 (KIP-578): no more than that on a broker.
    broker_partitions: int = 4000
    # 1 GB for a million blocks, at least 1 GB:
    # https://docs.cloudera.com/cdp-private-cloud-base/7.1.8/hdfs-overview/topics/hdfs-disk-space-versus-namespace.html
    heap_bytes_per_block: float = 1e3
    # commit.manifest.target-size-bytes of Iceberg; a data file's entry in ours (`$manifests`, measured).
    manifest_bytes: float = 8 * 1024 * 1024
    manifest_entry_bytes: float = 160.0
    # What Presto's planning takes for each, measured with 202 of them (see pipeline/spark/maintenance.py).
    manifest_s: float = 0.0065
