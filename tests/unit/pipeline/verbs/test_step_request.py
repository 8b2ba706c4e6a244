"""Following what the Spark job was asked to do at once, and printing what came of it."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from pipeline.errors import ServiceError
from pipeline.settings import Settings, load_settings
from pipeline.verbs import maintain, step_request
from pipeline.verbs.console import Stages


class SparkJob:
    """Stands for HDFS and the Spark job: each look at a request's state finds the next of `states`."""

    def __init__(self, states: list[dict[str, object] | None]) -> None:
        self.states = states
        self.folders: list[str] = []

    def make(self, _settings: Settings, folder: str) -> None:
        self.folders.append(folder)

    def read(self, _settings: Settings, _file: str) -> str | None:
        state = self.states.pop(0) if len(self.states) > 1 else self.states[0]
        return None if state is None else json.dumps(state)

    def delete(self, _settings: Settings, folder: str) -> None:
        self.folders.remove(folder)


def state(done: int, results: list[str], faults: list[str]) -> dict[str, object]:
    return {
        "is_done": done == 3, "done": done, "total": 3, "next": ["files of silver"], "results": results,
        "faults": faults,
    }  # fmt: skip


def follow(job: SparkJob, home: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[int, str]:
    """Run the body of `maintain.sh`; return its exit code and what it printed."""
    monkeypatch.setattr(step_request, "make_folder", job.make)
    monkeypatch.setattr(step_request, "read_file", job.read)
    monkeypatch.setattr(step_request, "delete_folder", job.delete)
    monkeypatch.setattr(step_request, "LOOK_AGAIN_S", 0.0)
    printed = io.StringIO()
    stages = Stages(Console(file=printed, soft_wrap=True))
    return maintain.maintain(load_settings({"COINLAKE_HOME": str(home)}), stages), printed.getvalue()


def test_what_was_done_is_printed_and_idle_steps_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done = state(
        3, ["0 rows past their time dropped", "1,186 files compacted away in a", "10 orphaned files found"], []
    )
    job = SparkJob([None, state(1, [], []), done])
    code, printed = follow(job, tmp_path, monkeypatch)
    assert code == 0
    assert job.folders == [], "the request is deleted"
    assert [line.strip() for line in printed.splitlines()[1:]] == [
        "1,186 files compacted away in a",
        "10 orphaned files found",
        "nothing to do in 1 of 3 steps",
    ]


def test_a_step_that_failed_makes_the_exit_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, printed = follow(SparkJob([state(3, [], ["orphaned files found: away"])]), tmp_path, monkeypatch)
    assert (code, capsys.readouterr().err) == (1, "maintain.sh: orphaned files found: away\n")
    assert "done, but for the faults below" in printed


def test_a_job_that_does_not_take_the_request_up_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(step_request, "BEGIN_S", -1.0)
    job = SparkJob([None])
    with pytest.raises(ServiceError, match="has not taken the request up"):
        follow(job, tmp_path, monkeypatch)
    assert job.folders == []
