"""Telling the world how far the streams are: a heartbeat file, and the lag as a Kafka consumer group."""

from __future__ import annotations

import json
import logging
import os
import time

from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient
from pyspark.sql.streaming.query import StreamingQuery

from pipeline.ingest.kafka import client_config
from pipeline.settings import Settings
from pipeline.stream.kafka import publish_progress
from pipeline.stream.silver import query as silver_query

log = logging.getLogger(__name__)

Offsets = dict[str, dict[str, int]]


class ProgressReporter:
    """Writes `run/spark.json` at each call, and silver's offsets to Kafka when they have moved."""

    def __init__(self, settings: Settings) -> None:
        self._file = settings.run_dir / "spark.json"
        self._admin = AdminClient(client_config(settings))
        self._offsets: Offsets = {}

    def report(self, queries: list[StreamingQuery]) -> None:
        """Report the newest finished batches; a Kafka that is away is no reason to fail."""
        batches = {}
        for query in queries:
            last = query.lastProgress
            if last is None:
                continue
            progress = json.loads(last.json)  # PySpark's own fields hold the offsets as Python text
            batches[query.name] = {"batch": progress["batchId"], "batch_ms": progress["batchDuration"]}
            if query.name == silver_query.NAME:
                self._publish(progress["sources"][0]["endOffset"])
        self._beat(batches)

    def _publish(self, offsets: Offsets) -> None:
        if offsets == self._offsets:
            return
        try:
            publish_progress(self._admin, offsets)
        except KafkaException as error:
            log.warning("lag not published: %s", error)
        else:
            self._offsets = offsets

    def _beat(self, batches: dict[str, dict[str, int]]) -> None:
        draft = self._file.with_suffix(".draft")
        self._file.parent.mkdir(parents=True, exist_ok=True)
        draft.write_text(json.dumps({"pid": os.getpid(), "time": time.time(), "batches": batches}), encoding="utf-8")
        draft.replace(self._file)
