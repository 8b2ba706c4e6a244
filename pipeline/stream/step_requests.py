"""Doing a list of steps at once, for `build_gold.sh` and `maintain.sh`: the Spark job alone writes the tables.

A request is a folder in HDFS; its `state.json` says how far the work is. Whoever asked deletes the folder; one that
nobody deleted is deleted an hour after it was done, or by the next start of the job.
"""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pyspark.sql import SparkSession

from pipeline.serving.requests import STATE, STEP_REQUEST
from pipeline.spark import hdfs

log = logging.getLogger(__name__)

REQUESTS_S = 5.0  # between looks for new ones
KEPT_S = 3600.0


@dataclass(frozen=True)
class Step:
    """One thing to do: its result in words, behind the number that `run` returns."""

    words: str
    run: Callable[[], int]


class StepRequests:
    """Works the requests off; must run in the thread that otherwise does the steps."""

    def __init__(
        self, spark: SparkSession, folder: str, steps: Sequence[Step], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._spark = spark
        self._folder = folder
        self._steps = steps
        self._clock = clock
        self._done: dict[str, float] = {}

    def run(self) -> None:
        """Do what is requested."""
        names = [name for name in hdfs.list_names(self._spark, self._folder) if STEP_REQUEST.fullmatch(name)]
        self._done = {name: at for name, at in self._done.items() if name in names}
        for name in names:
            if name not in self._done:
                self._answer(name)
            elif self._clock() - self._done[name] > KEPT_S:
                hdfs.delete(self._spark, f"{self._folder}/{name}")

    def _answer(self, name: str) -> None:
        path = f"{self._folder}/{name}/{STATE}"
        before = hdfs.read_text(self._spark, path)
        if before is not None and json.loads(before)["is_done"]:
            hdfs.delete(self._spark, f"{self._folder}/{name}")  # a former process answered it
            return
        results: list[str] = []
        faults: list[str] = []
        for number, step in enumerate(self._steps):
            self._tell(path, number, results, faults)
            try:
                results.append(f"{step.run():,} {step.words}")
            except Exception as error:
                log.exception("a requested step failed: %s", step.words)
                faults.append(f"{step.words}: {error}")
        self._tell(path, len(self._steps), results, faults)
        self._done[name] = self._clock()

    def _tell(self, path: str, done: int, results: list[str], faults: list[str]) -> None:
        is_done, following = done == len(self._steps), [step.words for step in self._steps[done : done + 1]]
        state = {
            "is_done": is_done,
            "done": done,
            "total": len(self._steps),
            "next": following,
            "results": results,
            "faults": faults,
        }
        hdfs.replace_text(self._spark, path, json.dumps(state))
