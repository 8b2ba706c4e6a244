"""The model's arithmetic, against figures computed by hand, and what must hold at any rate."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.scaling.assumptions import Assumptions
from bench.scaling.costs import Costs, Counts, Line, QueryCosts, Stored, read_costs
from bench.scaling.kafka import plan_kafka
from bench.scaling.plan import Plan, make_plan, network_bytes, plan_serving
from bench.scaling.storage import TableFiles, manifests, plan_storage, table_files
from bench.scaling.streaming import limits, plan_spark

MB = 1024 * 1024
COSTS = Costs(
    where="by hand",
    windows=(),
    cores={
        "kafka": Line(0.02, 40e-6),
        "trades": Line(0.1, 50e-6),
        "scheduler": Line(0.001, 0.0),
        "spark.tasks": Line(0.06, 60e-6),
        "spark.driver": Line(0.2, 16e-6),
        "spark.python": Line(0.03, 1e-6),
        "spark.compiler": Line(0.04, 0.0),
        "spark.collector": Line(0.01, 2e-6),
    },
    rss_mb={},
    counts=Counts(Line(20, 1), Line(1000, 100), Line(2.0, 0.0), Line(10.0, 0.0)),
    bronze=Stored(80, 10_000, 1),
    trades=Stored(20, 10_000, 1),
    queries=QueryCosts(query_s=0.1, scan_s_per_row=1e-6, known_ids_s_per_row=1e-7, rows=1_000_000),
)
ASSUMED = Assumptions(lake_days=100, manifest_entry_bytes=300)


def test_kafka_at_ten_thousand_events() -> None:
    plan = plan_kafka(COSTS, ASSUMED, 10_000, tasks=2)
    assert plan.bytes_per_s == 1_001_000
    assert plan.partitions == 3  # as many as today: 1 MB/s fits one, two tasks want two
    assert plan.disk_bytes == 1_001_000 * 7 * 86_400 * 3  # 1.8 TB
    assert (plan.brokers, plan.brokers_by) == (3, "replication")
    assert plan.hottest_product_bytes_per_s == 250_000


def test_kafka_is_sized_by_disk_where_much_is_kept() -> None:
    plan = plan_kafka(COSTS, ASSUMED, 1_000_000, tasks=100)
    assert plan.partitions == 100  # a task each; 100 MB/s alone would want 11
    assert plan.brokers_by == "disk"
    assert plan.brokers == 65  # 181.4 TB on disks of 4 TB, filled to 0.7


def test_kafka_is_sized_by_processors_where_little_is_kept() -> None:
    plan = plan_kafka(COSTS, replace(ASSUMED, kafka_days=0.1), 1_000_000, tasks=100)
    assert plan.brokers_by == "processor"
    assert plan.brokers == 26  # 40.02 cores three times, 4.8 of 8 used on each: 25.01


def test_more_partitions_mean_more_requests_and_smaller_batches() -> None:
    counts = replace(COSTS.counts, topic_bytes=Line(0, 100, per_request=200))
    costs = replace(COSTS, counts=counts, cores={**COSTS.cores, "kafka": Line(0.0, 0.0, per_request=0.001)})
    few, many = (plan_kafka(costs, replace(ASSUMED, kafka_days=0), 30_000, tasks) for tasks in (3, 3000))
    assert few.bytes_per_s == pytest.approx(3_000_000 + 200 * 3 / 0.0201)  # 150 requests, each waiting for 20.1 ms
    assert many.bytes_per_s == pytest.approx(3_000_000 + 200 * 3000 / 0.12)  # 25,000, each waiting for 120 ms
    assert many.brokers == 16  # 25 cores three times, 4.8 used on each


def test_partitions_follow_bytes_where_tasks_are_few() -> None:
    assert plan_kafka(COSTS, ASSUMED, 1_000_000, tasks=1).partitions == 11


def test_small_files_are_compacted_until_they_are_large_enough() -> None:
    # 20 kB/s in a file a second: 4 MB every 200 s; the fifth compaction makes 20 MB, over 16 MiB.
    assert table_files(20_000, 1.0) == TableFiles(
        bytes_per_day=20_000 * 86_400, compaction_every_s=200, files_per_day=86.4, rewrites=3.0
    )


def test_many_bytes_fill_several_files_a_compaction() -> None:
    # 2 MB/s: 400 MB every 200 s are 3 files of at most 128 MiB.
    assert table_files(2_000_000, 1.0).files_per_day == 3 * 432
    assert table_files(2_000_000, 1.0).rewrites == 1


def test_compactions_are_not_looked_for_more_often_than_each_ten_seconds() -> None:
    assert table_files(2_000_000, 1000.0).compaction_every_s == 10
    assert table_files(2_000_000, 40.0).compaction_every_s == 10
    assert table_files(2_000_000, 4.0).compaction_every_s == 50


def test_storage_at_ten_thousand_events() -> None:
    plan = plan_storage(COSTS, ASSUMED, 10_000, tasks=1)
    assert plan.bronze.bytes_per_day == 10_020 * 80 * 86_400  # heartbeats are records, too
    assert plan.trades.bytes_per_day == 10_000 * 20 * 86_400
    assert plan.bytes_per_day == pytest.approx(86.54e9, rel=1e-3)
    assert plan.data_nodes == 3  # 26 TB of 33.6 TB would fit one
    assert plan.bronze.compaction_every_s == 2000
    assert plan.bronze.files_per_day == pytest.approx(12 * 43.2)  # 1.6 GB every 2000 s in files of 128 MiB
    assert plan.trades.files_per_day == 432
    assert plan.files == pytest.approx((518.4 + 432) * 100)
    assert plan.name_node_heap_bytes == 1e9  # the least there is
    assert plan.day_manifests == 11
    assert plan.day_planning_s == pytest.approx(0.0715)


def test_heap_follows_the_files() -> None:
    plan = plan_storage(COSTS, replace(ASSUMED, lake_days=3650), 1_000_000, tasks=100)
    assert plan.name_node_heap_bytes == plan.files * 1000 > 1e9


def test_manifests_hold_so_many_files() -> None:
    assert manifests(1, ASSUMED) == 11
    assert manifests(2 * 8 * MB / 300, ASSUMED) == 12
    assert manifests(2 * 8 * MB / 300 + 1, ASSUMED) == 13


def test_spark_at_ten_thousand_events() -> None:
    plan = plan_spark(COSTS, ASSUMED, 10_000)
    assert plan.task_cores == pytest.approx((0.66 + 0.03 + 0.04) / 0.6)  # 1.22
    assert (plan.tasks, plan.executors, plan.drivers) == (2, 1, 1)
    assert plan.driver_cores == pytest.approx((0.36 + 0.04) / 0.6)
    assert plan.start_s == pytest.approx(1080)  # 86.4 G rows at 0.1 us on 8 cores


def test_a_driver_is_full_when_its_java_or_its_python_is() -> None:
    # Java: (4.8 - 0.2) / 16 us = 287,500; Python: (0.6 - 0.03) / 1 us = 570,000.
    assert plan_spark(COSTS, ASSUMED, 287_000).drivers == 1
    assert plan_spark(COSTS, ASSUMED, 288_000).drivers == 2


def test_serving_at_a_hundred_thousand_events() -> None:
    plan = plan_serving(COSTS, ASSUMED, 100_000, jobs=2)
    assert plan.producers == 10  # (0.6 - 0.1) / 50 us = 10,000 each
    assert plan.metastore_calls_per_s == 8
    assert plan.needs_postgres
    assert plan.query_rows == 360e6
    assert plan.query_cpu_s == pytest.approx(360.1)
    assert plan.presto_workers == 8  # 36.01 cores, 4.8 each
    assert not plan_serving(COSTS, ASSUMED, 1000, jobs=1).needs_postgres


def test_network_counts_every_copy_and_every_compaction() -> None:
    kafka = plan_kafka(COSTS, ASSUMED, 10_000, tasks=2)  # 1,001,000 B/s: one in, two to replicas, two to readers
    storage = plan_storage(COSTS, ASSUMED, 10_000, tasks=1)  # 801,600 and 200,000 B/s, compacted once each
    assert (storage.bronze.rewrites, storage.trades.rewrites) == (1, 1)
    assert network_bytes(kafka, storage, ASSUMED) == pytest.approx(5 * 1_001_000 + 7 * 1_001_600)


def test_limits_come_in_their_order() -> None:
    found = {limit.part.split(":")[0]: limit.events_per_s for limit in limits(COSTS, ASSUMED)}
    assert list(found.values()) == sorted(found.values())
    assert not any("start" in part for part in found)  # it follows what is new, not the table
    assert found["one task a batch"] == pytest.approx(10_000)
    assert found["100,000 records a batch"] == 100_000
    assert found["the driver's Python"] == pytest.approx(570_000)
    assert found["the driver's JVM"] == pytest.approx(287_500)
    assert found["one trade producer"] == pytest.approx(10_000)
    assert found["products"] == pytest.approx(5_000_000)
    assert found["the busiest product"] == pytest.approx(400_000)


def test_a_part_that_costs_nothing_an_event_has_no_limit() -> None:
    cores = {**COSTS.cores, "spark.python": Line(0.03, 0.0)}
    found = {limit.part: limit.events_per_s for limit in limits(replace(COSTS, cores=cores), ASSUMED)}
    assert max(found.values()) == float("inf")


def sizes(plan: Plan) -> list[float]:
    return [
        plan.kafka.partitions,
        plan.kafka.brokers,
        plan.storage.data_nodes,
        plan.storage.bytes_per_day,
        plan.spark.task_cores,
        plan.spark.drivers,
        plan.serving.presto_workers,
        plan.serving.producers,
        plan.network_bytes_per_s - compactions(plan),
        plan.machines,
    ]


def compactions(plan: Plan) -> float:
    """The part that may fall: larger files are written over less often."""
    tables = (plan.storage.bronze, plan.storage.trades)
    return sum(table.bytes_per_day / 86_400 * table.rewrites * 4 for table in tables)


@given(rate=st.floats(1, 1e7), more=st.floats(1, 100))
def test_more_events_never_need_less(rate: float, more: float) -> None:
    less, greater = (sizes(make_plan(COSTS, ASSUMED, each)) for each in (rate, rate * more))
    assert all(low <= high * (1 + 1e-9) for low, high in zip(less, greater, strict=True))


def test_the_costs_that_are_checked_in_can_be_read_and_computed_with() -> None:
    costs = read_costs()
    assert make_plan(costs, Assumptions(), 10_000_000).machines > make_plan(costs, Assumptions(), 1000).machines > 0
    assert costs.to_json()
