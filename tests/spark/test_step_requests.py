"""What `build_gold.sh` and `maintain.sh` ask for: every step is done, and its state tells how each ended."""

from __future__ import annotations

import json
from pathlib import Path

from pyspark.sql import SparkSession

from pipeline.serving.requests import STATE
from pipeline.stream.step_requests import Step, StepRequests
from tests.support.clock import FakeClock

NAME = "0" * 32


class Requests:
    """A folder of requests, and what works them off."""

    def __init__(self, spark: SparkSession, folder: Path) -> None:
        self.folder = folder / NAME
        self.seen: list[int] = []
        self.clock = FakeClock()
        self._spark, self._root = spark, f"file://{folder}"
        self.restart()

    def restart(self) -> None:
        steps = [Step("rows computed", self._first), Step("rows copied", self._fail), Step("days copied", lambda: 0)]
        self.worker = StepRequests(self._spark, self._root, steps, self.clock.time)

    def state(self) -> dict[str, object]:
        state: dict[str, object] = json.loads((self.folder / STATE).read_text())
        return state

    def _first(self) -> int:
        assert self.state()["next"] == ["rows computed"]
        self.seen.append(1)
        return 1_234

    def _fail(self) -> int:
        raise ConnectionError("PostgreSQL is away")


def test_a_request_is_answered_once_and_a_step_that_fails_stops_no_other(spark: SparkSession, tmp_path: Path) -> None:
    requests = Requests(spark, tmp_path)
    (tmp_path / "not a request").mkdir()
    requests.folder.mkdir()
    requests.worker.run()
    requests.worker.run()
    assert requests.state() == {
        "is_done": True,
        "done": 3,
        "total": 3,
        "next": [],
        "results": ["1,234 rows computed", "0 days copied"],
        "faults": ["rows copied: PostgreSQL is away"],
    }
    assert requests.seen == [1]


def test_an_answer_that_nobody_fetches_goes(spark: SparkSession, tmp_path: Path) -> None:
    requests = Requests(spark, tmp_path)
    requests.folder.mkdir()
    requests.worker.run()
    requests.clock.sleep(3601)
    requests.worker.run()
    assert not requests.folder.exists()


def test_a_restart_answers_what_was_cut_short_and_deletes_what_was_not(spark: SparkSession, tmp_path: Path) -> None:
    requests = Requests(spark, tmp_path)
    requests.folder.mkdir()
    (requests.folder / STATE).write_text('{"is_done": false}')
    requests.worker.run()
    assert requests.seen == [1]
    requests.restart()
    requests.worker.run()
    assert not requests.folder.exists()
