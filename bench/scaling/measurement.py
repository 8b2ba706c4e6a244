"""One measured window of a running lake, as `bench.scaling_measure` writes it and the model is compared with it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from pipeline.stream.streams.trades import NAME as TRADES_QUERY


@dataclass(frozen=True)
class TopicGain:
    """What a topic gained: records, and bytes of its segments on the broker's disk (compressed, one copy)."""

    records: int
    bytes: int


@dataclass(frozen=True)
class TableGain:
    """What a table gained: rows, bytes, data files (fewer after a compaction), and how often it was committed to."""

    rows: int
    bytes: int
    files: int
    commits: int


@dataclass(frozen=True)
class Measurement:
    """A window of `seconds` at `rate` ordered trades a second, in which the exchange made `trades`.

    `cpu_s` is processor time (user and system) by service; `spark_cpu_s` divides that of `spark` by kind of thread;
    `rss_mb` (10^6 bytes) is that of the window's end. `busy` is the share of all cores' time that anything took.

    What topics, tables and the NameNode gained, and `batches`, the micro-batches by stream, are counted over `span_s`,
    some seconds more, for the counting takes time. `lag`: records that are not visible yet at the end.
    """

    rate: float
    products: int
    cores: int
    warm_up_s: float
    seconds: float
    span_s: float
    trades: int
    lag: int
    busy: float
    cpu_s: Mapping[str, float]
    spark_cpu_s: Mapping[str, float]
    rss_mb: Mapping[str, int]
    topics: Mapping[str, TopicGain]
    tables: Mapping[str, TableGain]
    name_node: Mapping[str, int]
    batches: Mapping[str, int]

    @property
    def events_per_s(self) -> float:
        """Trades a second that the exchange really made."""
        return self.trades / self.seconds

    @property
    def batches_per_s(self) -> float:
        """Batches of the stream `trades` a second: one where the machine keeps up, fewer where it is overloaded."""
        return self.batches[TRADES_QUERY] / self.span_s

    def cores_used(self) -> dict[str, float]:
        """Return the cores that each service took, and each part of Spark as `spark.PART`."""
        parts = {f"spark.{part}": seconds for part, seconds in self.spark_cpu_s.items()}
        return {name: seconds / self.seconds for name, seconds in {**self.cpu_s, **parts}.items()}

    def to_json(self) -> str:
        """Return the window as JSON."""
        return json.dumps(asdict(self), indent=2)


def read_measurement(path: Path) -> Measurement:
    """Read a file that `to_json` made; raise `KeyError` or `TypeError` where it is none."""
    values = json.loads(path.read_text(encoding="utf-8"))
    values["topics"] = {name: TopicGain(**gain) for name, gain in values["topics"].items()}
    values["tables"] = {name: TableGain(**gain) for name, gain in values["tables"].items()}
    return Measurement(**values)


def read_measurements(paths: Iterable[Path]) -> list[Measurement]:
    """Read several files, in the order of their rates."""
    return sorted(map(read_measurement, paths), key=lambda each: each.rate)
