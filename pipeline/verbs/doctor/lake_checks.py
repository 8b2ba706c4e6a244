"""Checks of the engines and of what they hold. None writes anything: the probes of the set-up do, a little."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from confluent_kafka import KafkaException

from pipeline.errors import ServiceError
from pipeline.events.catalog import TOPICS
from pipeline.health import kafka_probe, probes
from pipeline.health.table_states import table_state
from pipeline.health.topic_states import topic_states
from pipeline.health.trade_coverage import trade_coverage
from pipeline.kafka import topics as kafka_topics
from pipeline.own_http import call
from pipeline.presto import Presto
from pipeline.scheduler_api import SchedulerApi
from pipeline.services import SERVICES
from pipeline.settings import Settings
from pipeline.spark.checkpoint_identity import FILE, CheckpointIdentity, confirm
from pipeline.spark.kafka_source import kafka_identity
from pipeline.tables.catalog import TABLES
from pipeline.verbs.doctor.checks import LIMIT_S, Check, Finding, State
from pipeline.verbs.hdfs_folders import read_file

PRESTO_S = 10.0
TABLES_S = 60.0
LAG_LOOK_S = 5.0
BEHIND = 10_000  # records: at a thousand trades a second two batches
LEAST_FREE_PERCENT = 5.0  # of HDFS; below it a DataNode takes no blocks soon
OLD_GAP_MIN = 10
MORE_NAMES = 5
OLD_GAPS = f"""
SELECT source, product_id, count(*), min(opened_at)
FROM iceberg.ops.gaps
WHERE status = 'open' AND opened_at < localtimestamp - INTERVAL '{OLD_GAP_MIN}' MINUTE
GROUP BY source, product_id
"""  # noqa: S608 - a constant


def service(name: str, settings: Settings) -> Finding:
    """Ask a service for something that only a working one can answer."""
    READ_ONLY.get(name, probes.PROBES[name])(settings)
    return Finding(State.PASS, "answers")


def _namenode(settings: Settings) -> None:
    _bean(settings, "NameNode,name=NameNodeInfo")


def _datanode(settings: Settings) -> None:
    if not json.loads(_bean(settings, "NameNode,name=NameNodeInfo")["LiveNodes"]):
        raise ServiceError(f"the NameNode at {settings.lake.hdfs_http_url} has no live DataNode")


# In the place of probes that write.
READ_ONLY: dict[str, Callable[[Settings], None]] = {
    "kafka": kafka_probe.topics,
    "namenode": _namenode,
    "datanode": _datanode,
}


def safe_mode(settings: Settings) -> Finding:
    """Look whether HDFS refuses to be written to."""
    told = str(_bean(settings, "NameNode,name=NameNodeInfo")["Safemode"])
    if not told:
        return Finding(State.PASS, "off")
    words = (
        f"HDFS is in safe mode, in which nothing can be written: {told.strip()} It ends by itself once enough blocks "
        f"are reported; where it does not, see hdfs.blocks and hdfs.room"
    )
    return Finding(State.FAIL, words)


def blocks(settings: Settings) -> Finding:
    """Look for blocks of which no copy is left, and for such as have too few."""
    found = _bean(settings, "NameNode,name=FSNamesystem")
    missing, few = int(found["MissingBlocks"]), int(found["UnderReplicatedBlocks"])
    if missing:
        words = f"{missing} blocks have no copy left: start every DataNode that had them, with the disk it had"
        return Finding(State.FAIL, words)
    if few:
        return Finding(State.WARN, f"{few} blocks have fewer copies than they should: start all DataNodes")
    return Finding(State.PASS, "none is missing")


def room(settings: Settings) -> Finding:
    """Look how much room the DataNodes have left."""
    percent = float(_bean(settings, "NameNode,name=NameNodeInfo")["PercentRemaining"])
    if percent < LEAST_FREE_PERCENT:
        return Finding(State.FAIL, f"{percent:.1f} % of HDFS are free: make room on its disks, or add a DataNode")
    return Finding(State.PASS, f"{percent:.0f} % are free")


def topics(settings: Settings) -> Finding:
    """Compare the topics' settings with those stated."""
    lines, faults = kafka_topics.ensure_ours(settings, create=False)
    return Finding.of(map(str, faults), f"{len(lines)} topics are as stated")


def checkpoint(settings: Settings) -> Finding:
    """Look whether the streams' checkpoint was made for this Kafka and its topics."""
    folder = f"{settings.lake.checkpoints}/stream"
    text = read_file(settings, f"{folder}/{FILE}")
    if text is None:
        return Finding(State.SKIP, "no stream has run yet")
    recorded = CheckpointIdentity.from_json(text)
    known = [topic for topic in TOPICS if topic.name in recorded.kafka.topics]
    try:
        confirm(recorded, kafka_identity(kafka_topics.connect(settings), known), folder)
    except KafkaException as error:
        raise ServiceError(f"{settings.kafka.bootstrap}: {error}") from error
    return Finding(State.PASS, f"of this Kafka, for {len(known)} topics")


def lag(settings: Settings) -> Finding:
    """Look twice how far the stream is behind: much that becomes less is a backlog at work."""
    names = [topic.name for topic in TOPICS]
    before = {state.name: state.lag or 0 for state in topic_states(settings, names, LAG_LOOK_S)}
    if max(before.values()) <= BEHIND:
        return Finding(State.PASS, f"{sum(before.values()):,} records behind")
    time.sleep(LAG_LOOK_S)
    after = {state.name: state.lag or 0 for state in topic_states(settings, names, LAG_LOOK_S)}
    late = {name: behind for name, behind in after.items() if behind > BEHIND and behind >= before[name]}
    if not late:
        return Finding(State.PASS, f"{sum(after.values()):,} records behind, and less than {LAG_LOOK_S:g} s before")
    lines = (
        f"the stream is {behind:,} records behind in {name}, and does not catch up: see services.refusals, "
        f"{settings.log_dir / 'spark.log'}, and docs/scaling.md"
        for name, behind in late.items()
    )
    return Finding.of(lines, "", State.WARN)


def market(settings: Settings) -> Finding:
    """Look whether prices come."""
    in_use = SchedulerApi(settings).market()
    return Finding.of(filter(None, [in_use.fault]), f"prices {in_use.name}, trades {in_use.trades}")


def tables(settings: Settings) -> Finding:
    """Count the rows of every table through Presto."""
    presto = _presto(settings)
    states = [table_state(presto, table) for table in TABLES]
    unknown = [state.name for state in states if state.rows is None]
    rows = sum(state.rows or 0 for state in states)
    remedy = "analysis/scripts/hive_setup.sh registers tables, and Spark's start creates them; its log says why not"
    words = [f"Presto cannot count {_some(unknown)}: {remedy}"] if unknown else []
    return Finding.of(words, f"{rows:,} rows in {len(states)} tables")


def gaps(settings: Settings) -> Finding:
    """Look for trades that are missing for longer than a gap usually takes to be filled."""
    presto = _presto(settings)
    lines = [
        f"{count} gaps of {product} from {source} are open, the first since {opened} UTC: the exchange's REST must "
        f"answer; {settings.log_dir / 'trades.log'} says why it does not"
        for source, product, count, opened in presto.rows(OLD_GAPS)
    ]
    lines += [
        f"{each.lost} trades of {each.product_id} are lost: {each.source} no longer has them. Nothing can be done"
        for each in trade_coverage(presto)
        if each.lost
    ]
    return Finding.of(lines, f"none is open for {OLD_GAP_MIN} minutes", State.WARN)


def _bean(settings: Settings, name: str) -> dict[str, Any]:
    """Return a bean of the NameNode's, which its HTTP server shows."""
    address = f"{settings.lake.hdfs_http_url}/jmx"
    found = call("GET", address, params={"qry": f"Hadoop:service={name}"}).json().get("beans")
    if not found:
        raise ServiceError(f"{address} has no bean {name}: is it a NameNode's?")
    return dict(found[0])


def _presto(settings: Settings) -> Presto:
    return Presto(settings.lake.presto_url, source="coinlake-doctor", request_timeout_s=PRESTO_S)


def _some(names: list[str]) -> str:
    more = f" and {len(names) - MORE_NAMES} more" if len(names) > MORE_NAMES else ""
    return ", ".join(names[:MORE_NAMES]) + more


SUPERVISED = ("services.supervisor",)
CHECKS = (
    *(Check(f"service.{name}", f"Service {name}", partial(service, name), SUPERVISED) for name in SERVICES),
    Check("hdfs.safe-mode", "HDFS safe mode", safe_mode, needs=("service.namenode",)),
    Check("hdfs.blocks", "HDFS blocks", blocks, needs=("service.namenode",)),
    Check("hdfs.room", "Room in HDFS", room, needs=("service.datanode",)),
    Check("kafka.topics", "Kafka topics", topics, needs=("service.kafka",)),
    Check("stream.checkpoint", "Checkpoint", checkpoint, needs=("service.kafka", "service.datanode")),
    Check("stream.lag", "Lag", lag, needs=("service.kafka",), limit_s=3 * LIMIT_S),
    Check("market.prices", "Prices", market, needs=("service.scheduler",)),
    Check("tables.rows", "Tables", tables, needs=("service.presto",), limit_s=TABLES_S),
    Check("trades.gaps", "Gaps in trades", gaps, needs=("service.presto",), limit_s=2 * LIMIT_S),
)
