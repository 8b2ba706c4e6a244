"""Reporting how far the streams are: a heartbeat file, figures for Prometheus, the lag as a Kafka consumer group."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from functools import reduce
from operator import or_

from pyspark.sql.streaming.query import StreamingQuery

from pipeline.kafka.clients import client_config
from pipeline.kafka.group_offsets import GroupOffsets
from pipeline.run_files import Beat, metrics_file, replace_file
from pipeline.settings import Settings
from pipeline.stream.metrics import Report, StreamMetrics

log = logging.getLogger(__name__)


class ProgressReporter:
    """Writes `run/spark.json` and `.prom` at each call, and the streams' offsets to Kafka when they have moved."""

    def __init__(self, settings: Settings, failing: Callable[[], dict[str, int]] = dict) -> None:
        """Give `failing` to report the chores that fail, with how often in succession."""
        self._run_dir = settings.run_dir
        self._failing = failing
        self._metrics = StreamMetrics()
        self._group = GroupOffsets(client_config(settings))
        self._fault: str | None = None

    def report(self, queries: list[StreamingQuery]) -> dict[str, Report]:
        """Publish the newest finished batches and return their reports by query.

        Neither a Kafka that is away nor a full disk is a reason to fail.
        Several queries read the same topic: the last one in the list is the one whose table it is meant for.
        """
        # PySpark's `lastProgress` asks the JVM for each of its fields, and holds the offsets as Python text.
        reports = {query.name: query._jsq.lastProgress() for query in queries}  # noqa: SLF001
        found = {name: json.loads(report.json()) for name, report in reports.items() if report is not None}
        if len(found) == len(queries):
            self._group.store(reduce(or_, (progress["sources"][0]["endOffset"] for progress in found.values()), {}))
        try:
            batches = {name: {"batch": p["batchId"], "batch_ms": p["batchDuration"]} for name, p in found.items()}
            failing = self._failing()
            Beat.now({"batches": batches, "failing": failing}).write(self._run_dir, "spark")
            replace_file(metrics_file(self._run_dir, "spark"), self._metrics.render(found, failing))
            self._fault = None
        except OSError as error:
            if str(error) != self._fault:  # once, not every second: the disk is full as it is
                log.warning("heartbeat not written: %s", error)
            self._fault = str(error)
        return found
