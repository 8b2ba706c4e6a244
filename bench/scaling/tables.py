"""The model's results as a table for the terminal."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from rich.table import Table

from bench.scaling.check import Comparison
from bench.scaling.costs import Line
from bench.scaling.plan import Plan
from bench.scaling.streaming import Limit

Cell = Callable[[Plan], str]


def number(value: float) -> str:
    """Write a number with three digits that count, in thousands, millions and so on."""
    for size, letter in ((1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:.3g} {letter}"
    return f"{value:.3g} "


ROWS: Sequence[tuple[str, Cell]] = (
    ("events a second", lambda p: number(p.events_per_s).strip()),
    ("Kafka: in, one copy", lambda p: f"{number(p.kafka.bytes_per_s)}B/s"),
    ("Kafka: partitions for trades", lambda p: f"{p.kafka.partitions:,}"),
    ("Kafka: disk, all copies", lambda p: f"{number(p.kafka.disk_bytes)}B"),
    ("Kafka: brokers (asked for by)", lambda p: f"{p.kafka.brokers:,} ({p.kafka.brokers_by})"),
    ("HDFS: new a day, one copy", lambda p: f"{number(p.storage.bytes_per_day)}B"),
    ("HDFS: DataNodes", lambda p: f"{p.storage.data_nodes:,}"),
    ("HDFS: NameNode's heap", lambda p: f"{number(p.storage.name_node_heap_bytes)}B"),
    ("bronze: data files a day", lambda p: number(p.storage.bronze.files_per_day).strip()),
    ("trades: data files a day", lambda p: number(p.storage.trades.files_per_day).strip()),
    ("trades: a compaction each", lambda p: f"{p.storage.trades.compaction_every_s:.0f} s"),
    ("Presto plans a day / all", lambda p: f"{p.storage.day_planning_s:.2g} / {p.storage.all_planning_s:.2g} s"),
    ("Presto: one query of an hour", lambda p: f"{number(p.serving.query_cpu_s)}CPU s"),
    ("Presto: workers", lambda p: f"{p.serving.presto_workers:,}"),
    ("Spark: cores for executors", lambda p: number(p.spark.task_cores).strip()),
    ("Spark: executors of 4 cores", lambda p: f"{p.spark.executors:,}"),
    ("Spark: cores for the driver", lambda p: number(p.spark.driver_cores).strip()),
    ("Spark: jobs, a driver each", lambda p: f"{p.spark.drivers:,}"),
    ("Spark: known ids, all read", lambda p: f"{number(p.spark.start_s)}s"),
    ("metastore: calls a second", lambda p: number(p.serving.metastore_calls_per_s).strip()),
    ("metastore on PostgreSQL", lambda p: "needed" if p.serving.needs_postgres else "on a cluster"),
    ("trade producers", lambda p: f"{p.serving.producers:,}"),
    ("scheduler", lambda p: f"1 ({p.serving.scheduler_cores:.1g} cores)"),
    ("network, all machines", lambda p: f"{number(p.network_bytes_per_s)}B/s"),
    ("machines of 8 cores", lambda p: f"{p.machines:,}"),
)


def plan_table(plans: Sequence[Plan], first: float) -> Table:
    """Return a column for each plan; `first` is the rate that counts as 1x."""
    table = Table(title="What each engine needs", title_justify="left")
    table.add_column("")
    for plan in plans:
        table.add_column(f"{plan.events_per_s / first:,.6g}x", justify="right")
    for name, cell in ROWS:
        table.add_row(name, *map(cell, plans))
    return table


def limit_table(limits: Sequence[Limit]) -> Table:
    """Return what does not scale out, the earliest first."""
    table = Table(title="What does not scale out today", title_justify="left")
    table.add_column("part")
    table.add_column("events/s", justify="right")
    table.add_column("what has to change then")
    for limit in limits:
        table.add_row(limit.part, number(limit.events_per_s).strip(), limit.change)
    return table


def cost_table(cores: dict[str, Line]) -> Table:
    """Return what was measured of each service and part of Spark."""
    table = Table(title="Measured processor time", title_justify="left")
    table.add_column("")
    table.add_column("fixed, cores", justify="right")
    table.add_column("an event, \N{MICRO SIGN}s", justify="right")
    table.add_column("a request, \N{MICRO SIGN}s", justify="right")
    for name, line in cores.items():
        table.add_row(name, f"{line.fixed:.3f}", f"{line.per_event * 1e6:.1f}", f"{line.per_request * 1e6:.0f}")
    return table


def check_table(rows: Sequence[Comparison]) -> Table:
    """Return the model's word and the measurement, side by side."""
    table = Table(title="The model against other windows", title_justify="left")
    for name in ("events/s", "cost a second", "model", "measured", "error, %"):
        table.add_column(name, justify="left" if name == "cost a second" else "right")
    for row in rows:
        values = (f"{row.predicted:,.4g}", f"{row.measured:,.4g}", f"{row.error_pct:+.0f}")
        table.add_row(f"{row.events_per_s:,.0f}", row.name, *values)
    return table
