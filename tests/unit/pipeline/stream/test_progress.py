"""Reporting how far the streams are: a full disk does not end it."""

from __future__ import annotations

import errno
import json
import logging
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from pipeline.settings import load_settings
from pipeline.stream import progress
from pipeline.stream.progress import ProgressReporter


class Query:
    """A streaming query of which only the last report is asked."""

    def __init__(self, name: str, offset: int | None) -> None:
        self.name = name
        told = {"batchId": 7, "batchDuration": 350, "sources": [{"endOffset": {"t": {"0": offset}, name: {"0": 1}}}]}
        report = None if offset is None else SimpleNamespace(json=lambda: json.dumps(told))
        self._jsq = SimpleNamespace(lastProgress=lambda: report)


class Group:
    """Takes the place of Kafka's consumer group; keeps what it is given."""

    def __init__(self, _config: object) -> None:
        self.given: list[dict[str, dict[str, int]]] = []

    def store(self, offsets: dict[str, dict[str, int]]) -> None:
        self.given.append(offsets)


@pytest.fixture
def reporter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ProgressReporter:
    monkeypatch.setattr(progress, "GroupOffsets", Group)
    return ProgressReporter(load_settings({"COINLAKE_HOME": str(tmp_path)}))


def given(reporter: ProgressReporter) -> list[dict[str, dict[str, int]]]:
    group: Any = reporter._group
    found: list[dict[str, dict[str, int]]] = group.given
    return found


def beat(tmp_path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((tmp_path / "run" / "spark.json").read_text())
    return found


def test_the_last_query_counts_for_a_shared_topic(reporter: ProgressReporter, tmp_path: Path) -> None:
    queries: Any = [Query("events", 5), Query("silver", 9)]
    reporter.report(queries)
    assert given(reporter) == [{"t": {"0": 9}, "events": {"0": 1}, "silver": {"0": 1}}]
    assert beat(tmp_path)["batches"]["silver"] == {"batch": 7, "batch_ms": 350}
    assert 'coinlake_stream_batch{stream="silver"} 7.0' in (tmp_path / "run" / "spark.prom").read_text()


def test_nothing_is_published_before_every_query_had_a_batch(reporter: ProgressReporter, tmp_path: Path) -> None:
    queries: Any = [Query("events", 5), Query("silver", None)]
    reporter.report(queries)
    assert given(reporter) == []
    assert list(beat(tmp_path)["batches"]) == ["events"]


def test_the_heartbeat_counts_what_chores_failed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "GroupOffsets", Group)
    failing = {"maintain iceberg.bronze.events": 3}
    ProgressReporter(load_settings({"COINLAKE_HOME": str(tmp_path)}), lambda: failing).report([])
    assert beat(tmp_path)["failing"] == failing


def test_a_full_disk_is_a_warning_and_the_next_heartbeat_is_written(
    reporter: ProgressReporter, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    queries: Any = [Query("silver", 9)]

    def no_space(*_: object, **__: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch, caplog.at_level(logging.WARNING):
        patch.setattr(Path, "write_bytes", no_space)
        assert list(reporter.report(queries)) == ["silver"]
        reporter.report(queries)
    assert [record.message for record in caplog.records] == [
        "heartbeat not written: [Errno 28] No space left on device"
    ]
    reporter.report(queries)
    assert beat(tmp_path)["batches"]["silver"]["batch"] == 7
