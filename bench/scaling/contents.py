"""What a lake holds: records and bytes of topics, rows, files and commits of tables, HDFS' files and operations."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import httpx

from bench.scaling.measurement import TableGain, TopicGain
from pipeline.errors import TableMissingError
from pipeline.events.catalog import TOPICS
from pipeline.health.topic_states import topic_states
from pipeline.presto import Presto
from pipeline.run_files import Beat
from pipeline.settings import Settings
from pipeline.tables.catalog import ICEBERG_TABLES
from pipeline.tables.model import Table

TIMEOUT_S = 20.0
NAME_NODE = (
    ("FSNamesystemState", ("FilesTotal", "BlocksTotal")),
    ("NameNodeActivity", ("CreateFileOps", "DeleteFileOps", "GetBlockLocations", "FileInfoOps")),
)


@dataclass(frozen=True)
class Contents:
    """All counts at one moment; a window's gains are the differences of two."""

    lag: int
    topics: dict[str, TopicGain]
    tables: dict[str, TableGain]
    name_node: dict[str, int]
    batches: dict[str, int]


def read_contents(settings: Settings) -> Contents:
    """Ask Kafka, Presto and the NameNode; Presto's answers cost processor time."""
    states = topic_states(settings, [topic.name for topic in TOPICS], TIMEOUT_S)
    beat = Beat.read(settings.run_dir, "spark")
    batches = {} if beat is None else beat.figures["batches"]
    presto = Presto(settings.lake.presto_url, source="coinlake-bench")
    return Contents(
        lag=sum(state.lag or 0 for state in states),
        topics={state.name: TopicGain(state.end_offset or 0, topic_bytes(settings, state.name)) for state in states},
        tables={table.full_name: table_size(settings, presto, table) for table in ICEBERG_TABLES},
        name_node=name_node(settings),
        batches={stream: each["batch"] for stream, each in batches.items()},
    )


def topic_bytes(settings: Settings, topic: str) -> int:
    """Return the bytes of a topic's segments on this machine's broker, without their indexes."""
    return sum(path.stat().st_size for path in (settings.data_dir / "kafka").glob(f"{topic}-[0-9]*/*.log"))


def table_size(settings: Settings, presto: Presto, table: Table) -> TableGain:
    """Return rows, bytes and data files from the table's metadata, and the number of its newest metadata file."""
    files = f'{table.catalog}.{table.schema}."{table.name}$files"'
    sql = f"SELECT coalesce(sum(record_count), 0), coalesce(sum(file_size_in_bytes), 0), count(*) FROM {files}"
    try:
        rows, size, count = presto.rows(sql)[0]
    except TableMissingError:
        return TableGain(0, 0, 0, 0)
    return TableGain(int(rows), int(size), int(count), commits(settings, table))


def commits(settings: Settings, table: Table) -> int:
    """Return how often a table was committed to: each commit writes the next metadata file, and calls the metastore."""
    path = f"warehouse/{table.schema}.db/{table.name}/metadata"
    answer = _get(settings, f"webhdfs/v1/{path}?op=LISTSTATUS")
    names = [each["pathSuffix"] for each in answer["FileStatuses"]["FileStatus"]]
    return max(int(name.partition("-")[0]) for name in names if name.endswith(".metadata.json"))


def name_node(settings: Settings) -> dict[str, int]:
    """Return the NameNode's counts of files, blocks and operations."""
    found: dict[str, int] = {}
    for bean, names in NAME_NODE:
        answer = _get(settings, f"jmx?qry=Hadoop:service=NameNode,name={bean}")["beans"][0]
        found |= {name: int(answer[name]) for name in names}
    return found


def _get(settings: Settings, path: str) -> Any:  # noqa: ANN401  JSON
    return httpx.get(f"{settings.lake.hdfs_http_url}/{path}", timeout=TIMEOUT_S).raise_for_status().json()


def gains(after: Contents, before: Contents) -> dict[str, Any]:
    """Return the differences under the names that `Measurement` has for them; `lag` is the one at the end."""
    return {
        "lag": after.lag,
        "topics": {
            name: TopicGain(now.records - before.topics[name].records, now.bytes - before.topics[name].bytes)
            for name, now in after.topics.items()
        },
        "tables": {name: _table_gain(now, before.tables[name]) for name, now in after.tables.items()},
        "name_node": {name: count - before.name_node[name] for name, count in after.name_node.items()},
        "batches": {name: number - before.batches.get(name, 0) for name, number in after.batches.items()},
    }


def _table_gain(now: TableGain, before: TableGain) -> TableGain:
    return TableGain(
        now.rows - before.rows, now.bytes - before.bytes, now.files - before.files, now.commits - before.commits
    )
