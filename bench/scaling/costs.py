"""What was measured: straight lines of cost over events, kept in `costs.json` with where they came from."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

COSTS = Path(__file__).with_name("costs.json")


@dataclass(frozen=True)
class Line:
    """What a batch of trades costs, with all that goes on beside it: `fixed`, and so much more for each event.

    A batch starts each second, so that it is the cost of a second, too: cores where it is processor time in seconds.
    """

    fixed: float
    per_event: float

    def at(self, events_per_s: float) -> float:
        """Return the cost of a second at a rate."""
        return self.fixed + self.per_event * events_per_s


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
        """Return the costs as JSON."""
        return json.dumps(asdict(self), indent=2)


def read_costs(path: Path = COSTS) -> Costs:
    """Read the costs that are checked in."""
    values = json.loads(path.read_text(encoding="utf-8"))
    values["windows"] = tuple(values["windows"])
    values["cores"] = {name: Line(**line) for name, line in values["cores"].items()}
    values["counts"] = Counts(**{name: Line(**line) for name, line in values["counts"].items()})
    for name in ("bronze", "trades"):
        values[name] = Stored(**values[name])
    return Costs(**values | {"queries": QueryCosts(**values["queries"])})
