"""The Spark job: starts the streams and their housekeeping, and ends as soon as one of them fails.

`python -m pipeline.stream.job`. The supervisor starts it again; exit code 78 says that a person has to act first.
"""

from __future__ import annotations

import logging
import sys
import threading
import time
from functools import partial

from confluent_kafka import Producer
from confluent_kafka.admin import AdminClient
from pyspark.sql import SparkSession
from pyspark.sql.streaming.query import StreamingQuery

from pipeline.errors import StalledStreamError
from pipeline.events.catalog import TOPICS
from pipeline.kafka.clients import client_config
from pipeline.service_main import service_main
from pipeline.settings import Settings
from pipeline.spark.checkpoint_identity import claim_checkpoint
from pipeline.spark.jvm import kill_jvm
from pipeline.spark.kafka_source import KafkaSource, kafka_identity
from pipeline.spark.query_checkpoint import claim_query
from pipeline.spark.session import create_session
from pipeline.spark.table_creation import create_tables
from pipeline.stream.bronze import events as bronze_events
from pipeline.stream.chores import ChoreRunner
from pipeline.stream.housekeeping import Housekeeping, TouchedMinutes, chores
from pipeline.stream.lost_offsets import resolve_lost_offsets
from pipeline.stream.metrics import Report
from pipeline.stream.ops import gaps
from pipeline.stream.progress import ProgressReporter
from pipeline.stream.readers import PrestoQueries, Readers, Resting
from pipeline.stream.silver import query as silver_query
from pipeline.stream.streams import candles, trades
from pipeline.stream.watchdog import QueryState, Watchdog
from pipeline.tables.catalog import ICEBERG_TABLES

log = logging.getLogger(__name__)

CHECK_S = 1.0
BRONZE_REST_S = 60.0  # between batches while nobody reads, however many records come: bronze is for rebuilding
STREAMS = ("bronze", "silver", "trades", "gaps", "candles")  # their folders among the checkpoints


def main() -> int:
    """Run until a signal comes or a stream fails; return the exit code."""
    return service_main(run, quiet=("py4j", "httpx"))


def run(settings: Settings, stop: threading.Event) -> int:
    """Start everything and watch it."""
    spark = create_session(settings, "coinlake")
    end = spark.stop
    try:
        create_tables(spark, ICEBERG_TABLES)
        readers, touched = start_readers(settings, stop), TouchedMinutes()
        queries, trade_writer = start_queries(spark, settings, touched, readers)
        pools = chores(spark, settings, touched)
        housekeeping = Housekeeping(spark, {pool: ChoreRunner(its, stop, readers) for pool, its in pools.items()})
        housekeeping.start()
        watchdog = Watchdog(settings.run_dir / "spark-limits.json", time.monotonic())
        code = watch(queries, ProgressReporter(settings, housekeeping.failing), watchdog, stop)
    except StalledStreamError as error:
        log.error("%s; the job ends, to be started again", error)
        end = partial(kill_jvm, spark)
        return 1
    else:
        if not code:
            trade_writer.close()
        return code
    finally:
        stop.set()
        end()


def start_readers(settings: Settings, stop: threading.Event) -> Readers:
    """Start looking for readers; without rests somebody is always taken to read."""
    are_new = PrestoQueries(settings.lake.presto_url).are_new if settings.lake.rest_s else lambda: True
    readers = Readers(are_new, stop)
    threading.Thread(target=readers.loop, name="readers", daemon=True).start()
    return readers


def start_queries(
    spark: SparkSession, settings: Settings, touched: TouchedMinutes, readers: Readers
) -> tuple[list[StreamingQuery], trades.TradeWriter]:
    """Start all streams on the checkpoint that belongs to this Kafka; bronze, which reads every topic, comes first."""
    root = f"{settings.lake.checkpoints}/stream"
    client = client_config(settings)
    admin = AdminClient(client)
    identity = claim_checkpoint(spark, root, kafka_identity(admin, TOPICS))
    source = KafkaSource(spark, settings, identity.kafka.topic_ids)
    resolve_lost_offsets(source, root, STREAMS, admin)
    own = {name: claim_query(spark, f"{root}/{name}", identity) for name in STREAMS}
    bronze = Resting(bronze_events.BronzeWriter(spark, own["bronze"]), readers, BRONZE_REST_S)
    rest_s = settings.lake.rest_s
    candle_writer = candles.CandleWriter(spark, own["candles"])
    queries = [
        bronze_events.run(source, f"{root}/bronze", bronze),
        silver_query.run(source, f"{root}/silver", silver_query.SilverWriter(spark, own["silver"])),
        gaps.run(source, f"{root}/gaps"),
        candles.run(source, f"{root}/candles", Resting(candle_writer, readers, rest_s)),
    ]
    alerts = Producer({**client, "acks": "all", "enable.idempotence": True})
    writer = trades.TradeWriter(spark, settings, own["trades"], alerts, touched.note)
    return [*queries, trades.run(source, f"{root}/trades", Resting(writer, readers, rest_s))], writer


def watch(queries: list[StreamingQuery], reporter: ProgressReporter, watchdog: Watchdog, stop: threading.Event) -> int:
    """Report progress until stopped (0) or until a query has ended by itself (1).

    Raises:
        StalledStreamError: a query hangs.
    """
    while not stop.wait(CHECK_S):
        for query in queries:
            if not query.isActive:
                log.error("stream %s ended: %s", query.name, query.exception())
                return 1
        reports = reporter.report(queries)
        watchdog.look((state_of(query, reports.get(query.name)) for query in queries), time.monotonic())
    for query in queries:
        query.stop()
    return 0


def state_of(query: StreamingQuery, report: Report | None) -> QueryState:
    """Return what the watchdog compares: a report is told from another by its batch and the time of its trigger."""
    identity = None if report is None else f"{report['batchId']} {report['timestamp']}"
    return QueryState(query.name, identity, bool(query.status["isTriggerActive"]))


if __name__ == "__main__":
    sys.exit(main())
