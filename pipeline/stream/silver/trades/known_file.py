"""The known ids beside the checkpoints, so that a start reads the files that the table has gained since, not the table.

The file names the table's sequence number that its ids belong to. Iceberg gives each data file the sequence number of
its commit, and a compacted one that of the snapshot it was made from: the rows of a file with a lower number were there
before. So no snapshot has to be kept for it. What was read counts only if it has as many ids as the table has rows.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from py4j.protocol import Py4JError
from pyspark.sql import SparkSession
from pyspark.sql import functions as F

from pipeline.spark import hdfs
from pipeline.spark.appending import load_table
from pipeline.spark.time_ranges import TimeRange, within
from pipeline.stream.silver.trades.known_trades import KnownTrades
from pipeline.tables.model import TIMESTAMP
from pipeline.tables.silver import FACT_TRADES

log = logging.getLogger(__name__)

FILE = "known_trades.json"
SAVE_S = 60.0  # what a crash leaves to be read: a minute's files, and what was compacted in it
SHARE = 50  # a save that takes long is followed by a pause of so many times its length
SCAN_ROWS = 20_000_000  # of whole days that one scan takes at once
KEYS = "source string, product_id string, trade_id bigint"


@dataclass(frozen=True)
class TableState:
    """Which table this is, and how far: `sequence` grows with each commit."""

    uuid: str
    sequence: int
    rows: int


class KnownFile:
    """Keeps the known ids in a file and brings them up to the table at a start."""

    def __init__(self, spark: SparkSession, folder: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._spark = spark
        self._path = f"{folder}/{FILE}"
        self._clock = clock
        self._due = clock()
        self._saved_total = -1

    def load(self) -> KnownTrades:
        """Return the ids that the table holds; nothing may append to it meanwhile."""
        started = self._clock()
        state = table_state(self._spark)
        if state is None:
            return KnownTrades()
        known = self._resumed(state)
        if known is None:
            known = read_all(self._spark)
            if known.total != state.rows:
                log.error("%s has %d rows, but %d ids", FACT_TRADES.full_name, state.rows, known.total)
        log.info("%d trade ids known after %.1f s", known.total, self._clock() - started)
        self.save(known)
        return known

    def save_if_due(self, known: KnownTrades) -> None:
        """Save the ids, once in a while; the table must hold just these."""
        if self._clock() >= self._due:
            self.save(known)

    def save(self, known: KnownTrades) -> None:
        """Save the ids if there are new ones. A failure costs nothing but a longer start."""
        started = self._clock()
        if known.total != self._saved_total:
            try:
                self._save(known)
            except Py4JError as error:
                log.warning("%s was not saved: %s", self._path, error)
        now = self._clock()
        self._due = now + max(SAVE_S, SHARE * (now - started))

    def _save(self, known: KnownTrades) -> None:
        state = table_state(self._spark)
        if state is not None and state.rows == known.total:
            hdfs.replace_text(self._spark, self._path, to_json(known, state))
            self._saved_total = known.total

    def _resumed(self, state: TableState) -> KnownTrades | None:
        """Return the saved ids with those of newer files; None where there are none, or they do not add up."""
        try:
            known, saved = from_json(hdfs.read_text(self._spark, self._path) or "")
        except (ValueError, TypeError, KeyError, Py4JError):
            log.warning("%s cannot be read: all of %s is read", self._path, FACT_TRADES.full_name)
            return None
        if saved.uuid == state.uuid:
            files = files_since(self._spark, saved.sequence)
            if files:
                known.read(self._spark.read.schema(KEYS).parquet(*files))
            log.info("%d trade ids were saved; %d newer files read", saved.rows, len(files))
        if saved.uuid == state.uuid and known.total == state.rows:
            return known
        log.warning("%s does not fit %s, all of which is read: %s", self._path, FACT_TRADES.full_name, state)
        return None


def to_json(known: KnownTrades, state: TableState) -> str:
    """Return the file's text."""
    ids = [[source, product_id, list(runs)] for (source, product_id), runs in known]
    return json.dumps({"table": state.uuid, "sequence": state.sequence, "ids": ids}, separators=(",", ":"))


def from_json(text: str) -> tuple[KnownTrades, TableState]:
    """Read the file's text.

    Raises:
        ValueError, TypeError, KeyError: it is no such text.
    """
    fields = json.loads(text)
    ids = {(source, product): [(first, last) for first, last in runs] for source, product, runs in fields["ids"]}
    known = KnownTrades(ids)
    return known, TableState(str(fields["table"]), int(fields["sequence"]), known.total)


def table_state(spark: SparkSession) -> TableState | None:
    """Return the table's state; None where nothing was written yet."""
    table = load_table(spark, FACT_TRADES)
    snapshot = table.currentSnapshot()
    if snapshot is None:
        return None
    rows = int(snapshot.summary().get("total-records"))
    return TableState(str(table.operations().current().uuid()), int(snapshot.sequenceNumber()), rows)


def files_since(spark: SparkSession, sequence: int) -> list[str]:
    """Return the paths of the data files that may hold rows newer than a sequence number."""
    entries = spark.table(f"{FACT_TRADES.full_name}.entries")
    deleted = 2  # as Iceberg's manifests say it
    newer = entries.where((F.col("sequence_number") > sequence) & (F.col("status") != deleted))
    return [row["path"] for row in newer.select(F.col("data_file.file_path").alias("path")).collect()]


def read_all(spark: SparkSession) -> KnownTrades:
    """Read all ids from the table, a few days at a time: its key columns once, in bounded memory."""
    known = KnownTrades()
    for part in day_parts(spark):
        known.read(spark.table(FACT_TRADES.full_name).where(within("trade_time", [part])))
    return known


def day_parts(spark: SparkSession) -> Iterator[TimeRange]:
    """Cut the table's days into parts of SCAN_ROWS trades, or of one day that has more; from metadata."""
    days = spark.table(f"{FACT_TRADES.full_name}.partitions").select(
        F.col("partition.trade_time_day").cast(TIMESTAMP).alias("day"), F.col("record_count").alias("rows")
    )
    start: datetime | None = None
    rows, end = 0, datetime.fromisoformat("1970-01-01")
    for row in days.orderBy("day").collect():
        if start is not None and rows + row["rows"] > SCAN_ROWS:
            yield TimeRange(start, end)
            start, rows = None, 0
        start, end = start or row["day"], row["day"] + timedelta(days=1)
        rows += row["rows"]
    if start is not None:
        yield TimeRange(start, end)
