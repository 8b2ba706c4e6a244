"""The control: the same load, kills and questions on Spark's own file sink must find what is wrong.

Whoever reads the sink's folder as a table, as Presto does, sees the files of a batch that was killed and run again.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from pipeline.errors import QueryError
from pipeline.verbs.console import Stages
from proof.counts import Count
from proof.lake import Lake
from proof.load import Load
from proof.points import SINK_UNCOMMITTED

FOLDER, TABLE = "/proof/file_sink", "hive.proof.file_sink"
NAMED_DEATHS, RANDOM_KILLS = 2, 3
START_S = 180.0
LONGEST_LIFE_S = 10.0  # of the sink, from its first new row until it is killed
TRADES_PER_S = 1.0


class FileSink:
    """The sink's process on a lake, and its table in Presto."""

    def __init__(self, lake: Lake, source: str) -> None:
        self._lake, self._source = lake, source
        self._location = f"{lake.settings.lake.hdfs_uri}{FOLDER}"

    @contextmanager
    def running(self) -> Iterator[subprocess.Popen[bytes]]:
        """Run the sink during the block, and kill it in the end if it still lives."""
        log = self._lake.settings.log_dir / "file_sink.log"
        with log.open("ab") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "proof.file_sink", self._location],
                env=dict(self._lake.environ),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
            try:
                yield process
            finally:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()

    def make_table(self) -> None:
        """Have Presto read the folder as a table."""
        presto = self._lake.presto
        presto.rows("CREATE SCHEMA IF NOT EXISTS hive.proof")
        columns = "coin varchar, event_time varchar, source varchar"
        presto.rows(
            f"CREATE TABLE IF NOT EXISTS {TABLE} ({columns}) "
            f"WITH (format = 'PARQUET', external_location = '{self._location}')"
        )

    def count(self) -> Count:
        """Count the rows and keys of the load's prices."""
        sql = f"SELECT count(*), count(DISTINCT (coin, event_time)) FROM {TABLE} WHERE source = '{self._source}'"
        ((rows, keys),) = self._lake.presto.rows(sql)
        return Count(rows, keys)

    def wait_for(self, keys: int, seconds: float) -> None:
        """Wait until the table holds so many keys."""
        self._lake.wait_until(lambda: self.count().keys >= keys, seconds, f"read {keys:,} prices of the file sink")


def control(lake: Lake, seed: int, stages: Stages) -> list[str]:
    """Have the sink die under load, at the worst place and then at random; return what its table shows of that.

    Raises:
        ServiceError: the sink does not come up again.
    """
    dice = random.Random(seed)
    found: list[str] = []
    with Load(lake, TRADES_PER_S, source="control") as load:
        sink = FileSink(lake, load.source)
        with sink.running() as process:
            lake.wait_until(lambda: _has_table(sink), START_S, "read the file sink's folder")
            die_uncommitted(lake, process)
        for _ in range(NAMED_DEATHS):
            with sink.running() as process:
                sink.wait_for(sink.count().keys + 1, START_S)
                die_uncommitted(lake, process)
        count = sink.count()
        stages.say(
            f"after {NAMED_DEATHS + 1} deaths before it noted its files: {count.rows:,} rows, {count.keys:,} keys"
        )
        if count.rows > count.keys:
            found.append(f"{count.rows - count.keys:,} rows are there twice")
        for number in range(1, RANDOM_KILLS + 1):
            try:
                known = sink.count().keys
            except QueryError as error:
                found.append(f"its table cannot be read any more after a kill at random: {error}")
                break
            stages.say(f"kill {number} of {RANDOM_KILLS} at random")
            with sink.running():
                sink.wait_for(known + 1, START_S)
                time.sleep(dice.uniform(0, LONGEST_LIFE_S))
    return found


def die_uncommitted(lake: Lake, process: subprocess.Popen[bytes]) -> None:
    """Have the sink die where it has written a batch's files and not yet noted which.

    Raises:
        ServiceError: it does not.
    """
    (lake.failpoints / SINK_UNCOMMITTED).touch()
    lake.wait_until(lambda: process.poll() is not None, START_S, f"have the file sink reach {SINK_UNCOMMITTED}")


def _has_table(sink: FileSink) -> bool:
    sink.make_table()
    return sink.count().rows > 0
