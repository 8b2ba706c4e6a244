"""HDFS and Iceberg: bytes, data files after compaction, manifests, the NameNode's heap and what planning costs."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from bench.scaling.assumptions import Assumptions
from bench.scaling.costs import Costs
from bench.scaling.kafka import DAY_S
from pipeline.spark.compaction import COMPACTED_FILE_BYTES, GOOD_FILE_BYTES
from pipeline.spark.maintenance import MANY_MANIFESTS, SMALL_FILES
from pipeline.stream.upkeep import MAINTENANCE_S

TRADES_TRIGGER_S, BRONZE_TRIGGER_S = 1.0, 10.0


@dataclass(frozen=True)
class TableFiles:
    """A table's data files, compacted as `pipeline/spark/maintenance.py` does it."""

    bytes_per_day: float
    compaction_every_s: float
    files_per_day: float
    rewrites: float  # how often a row is written by compactions until its file is left alone


@dataclass(frozen=True)
class StoragePlan:
    """What HDFS has to hold; bytes per day of one copy, DataNodes for all copies of all days."""

    bronze: TableFiles
    trades: TableFiles
    bytes_per_day: float
    data_nodes: int
    files: float
    name_node_heap_bytes: float
    day_manifests: int
    day_planning_s: float  # Presto's, for a query of one day's trades
    all_planning_s: float  # and for one of all of them


def table_files(bytes_per_s: float, files_per_s: float) -> TableFiles:
    """Return the files of a table that grows so; a compaction starts at so many new ones and is looked for every 10 s.

    A file made by one is rewritten with the next ones' files until it has reached a size that is left alone.
    """
    every_s = max(MAINTENANCE_S, SMALL_FILES / files_per_s)
    rounds = max(1, ceil(GOOD_FILE_BYTES / (bytes_per_s * every_s)))
    grown = bytes_per_s * every_s * rounds
    files = max(1, ceil(grown / COMPACTED_FILE_BYTES)) * DAY_S / (every_s * rounds)
    return TableFiles(bytes_per_s * DAY_S, every_s, max(1.0, files), (rounds + 1) / 2)


def plan_storage(costs: Costs, assumed: Assumptions, rate: float, tasks: int) -> StoragePlan:
    """Return what tables of `rate` events a second need, written by `tasks` tasks a batch, a file each."""
    bronze = table_files(costs.counts.records.at(rate) * costs.bronze.bytes_per_row, tasks / BRONZE_TRIGGER_S)
    trades = table_files(rate * costs.trades.bytes_per_row, tasks / TRADES_TRIGGER_S)
    daily = bronze.bytes_per_day + trades.bytes_per_day
    files = (bronze.files_per_day + trades.files_per_day) * assumed.lake_days
    # A file fills no more than a block: as many blocks as files.
    heap = max(1e9, files * assumed.heap_bytes_per_block)
    day = manifests(trades.files_per_day, assumed)
    return StoragePlan(
        bronze,
        trades,
        daily,
        max(
            assumed.replication,
            ceil(daily * assumed.lake_days * assumed.replication / (assumed.data_node_disk * assumed.disk_fill)),
        ),
        files,
        heap,
        day,
        day * assumed.manifest_s,
        manifests(trades.files_per_day * assumed.lake_days, assumed) * assumed.manifest_s,
    )


def manifests(files: float, assumed: Assumptions) -> int:
    """Return how many manifests name so many files, with those of the commits since the last merging."""
    return ceil(files * assumed.manifest_entry_bytes / assumed.manifest_bytes) + MANY_MANIFESTS
