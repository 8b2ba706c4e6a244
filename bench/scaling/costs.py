"""What was measured: straight lines of cost over events, kept in `costs.json` with where they came from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from pipeline.events.trades import RAW_TRADES
from pipeline.ingest.trades.sink import sink_config

LINGER_S: float = sink_config({})["linger.ms"] / 1000
COSTS = Path(__file__).with_name("costs.json")


@dataclass(frozen=True)
class Line:
    """What a batch of trades costs, with everything that runs beside it.

    `fixed`, so much for each event, and so much for each request in which the trade producer sends some of them. A
    batch starts each second, so that it is the cost of a second, too: cores where it is processor time in seconds.
    """

    fixed: float
    per_event: float
    per_request: float = 0.0

    def at(self, events_per_s: float, partitions: int = RAW_TRADES.partitions) -> float:
        """Return the cost of a second at a rate, spread over so many of the topic's partitions."""
        requests = requests_per_s(events_per_s, partitions)
        return self.fixed + self.per_request * requests + self.per_event * events_per_s


def requests_per_s(events_per_s: float, partitions: int = RAW_TRADES.partitions) -> float:
    """Return how many requests the producer makes: each takes what comes within LINGER_S after its first event."""
    return partitions / (LINGER_S + partitions / events_per_s) if events_per_s else 0.0


@dataclass(frozen=True)
class Counts:
    """What is made each second.

    `records` and `topic_bytes` of the trades' topic, `commits` to all Iceberg tables, and `files_made` in HDFS, most of
    which are soon gone.
    """

    records: Line
    topic_bytes: Line
    commits: Line
    files_made: Line


@dataclass(frozen=True)
class Stored:
    """A stored table: bytes a row, of one copy, in its larger files; how many rows and files that was seen in."""

    bytes_per_row: float
    rows: int
    files: int


@dataclass(frozen=True)
class QueryCosts:
    """Presto's processor time in seconds: of any query, of each row it groups; Spark's to read known ids, a row."""

    query_s: float
    scan_s_per_row: float
    known_ids_s_per_row: float
    rows: int


@dataclass(frozen=True)
class Costs:
    """All measured costs: where and in which windows; then `cores` by service and, of Spark, by `spark.PART`."""

    where: str
    windows: tuple[str, ...]
    cores: Mapping[str, Line]
    rss_mb: Mapping[str, int]
    counts: Counts
    bronze: Stored
    trades: Stored
    queries: QueryCosts

    def to_json(self) -> str:
        """Return the costs as JSON, with as many digits as mean something."""
        values = json.loads(json.dumps(asdict(self)), parse_float=lambda digits: float(f"{float(digits):.3g}"))
        return json.dumps(values, indent=2)


def read_costs(path: Path = COSTS) -> Costs:
    """Read the costs that are checked in."""
    values = json.loads(path.read_text(encoding="utf-8"))
    values["windows"] = tuple(values["windows"])
    values["cores"] = {name: Line(**line) for name, line in values["cores"].items()}
    values["counts"] = Counts(**{name: Line(**line) for name, line in values["counts"].items()})
    for name in ("bronze", "trades"):
        values[name] = Stored(**values[name])
    return Costs(**values | {"queries": QueryCosts(**values["queries"])})
