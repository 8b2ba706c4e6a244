"""The streams' figures for Prometheus, from the reports that the driver reads anyway: `run/spark.prom`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from prometheus_client import CollectorRegistry, Gauge, generate_latest

Report = dict[str, Any]
"""A query's progress after a batch, as Spark's JSON has it."""

Offsets = Mapping[str, Mapping[str, int]]
"""By topic and partition."""


class StreamMetrics:
    """Gauges of the newest finished batch of each stream; the rate of an offset is that of the records read."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._batch = self._gauge("stream_batch", "Number of the newest finished batch", "stream")
        self._seconds = self._gauge("stream_batch_seconds", "How long it took", "stream")
        self._phases = self._gauge(
            "stream_phase_seconds", "How long its phases took; addBatch writes and commits", "stream", "phase"
        )
        self._rows = self._gauge("stream_batch_rows", "Records that it read", "stream")
        self._started = self._gauge("stream_batch_timestamp_seconds", "When it began, seconds since 1970", "stream")
        self._offset = self._gauge("stream_offset", "Offset up to which it read", "stream", "topic", "partition")
        self._lag = self._gauge("stream_lag_records", "Records behind it when it began", "stream", "topic")
        self._failures = self._gauge("chore_failures", "How often a chore failed in succession", "chore")

    def render(self, reports: Mapping[str, Report], failing: Mapping[str, int]) -> bytes:
        """Return all in Prometheus' text format; chores that do not fail have no figure."""
        for stream, report in reports.items():
            self._note(stream, report)
        self._failures.clear()
        for chore, count in failing.items():
            self._failures.labels(chore).set(count)
        return generate_latest(self._registry)

    def _note(self, stream: str, report: Report) -> None:
        self._batch.labels(stream).set(report["batchId"])
        self._seconds.labels(stream).set(report["batchDuration"] / 1000)
        self._rows.labels(stream).set(report.get("numInputRows", 0))
        for phase, duration_ms in report.get("durationMs", {}).items():
            self._phases.labels(stream, phase).set(duration_ms / 1000)
        if "timestamp" in report:
            self._started.labels(stream).set(datetime.fromisoformat(report["timestamp"]).timestamp())
        source = report["sources"][0]
        for topic, partition, offset in _each(source.get("endOffset")):
            self._offset.labels(stream, topic, partition).set(offset)
        for topic, behind in _lag(source).items():
            self._lag.labels(stream, topic).set(behind)

    def _gauge(self, name: str, about: str, *labels: str) -> Gauge:
        return Gauge(f"coinlake_{name}", about, labels, registry=self._registry)


def _each(offsets: Offsets | None) -> Iterator[tuple[str, str, int]]:
    for topic, partitions in (offsets or {}).items():
        yield from ((topic, partition, offset) for partition, offset in partitions.items())


def _lag(source: Mapping[str, Offsets]) -> dict[str, int]:
    """Return by topic how many records were there that the batch did not read."""
    read = {(topic, partition): offset for topic, partition, offset in _each(source.get("endOffset"))}
    behind: dict[str, int] = {}
    for topic, partition, newest in _each(source.get("latestOffset")):
        behind[topic] = behind.get(topic, 0) + max(newest - read.get((topic, partition), 0), 0)
    return behind
