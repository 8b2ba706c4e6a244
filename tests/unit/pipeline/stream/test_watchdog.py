"""A batch that hangs ends the job; one that is only long, or a stream without work, does not."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline.errors import StalledStreamError
from pipeline.stream.watchdog import LIMIT_S, LONGEST_S, QueryState, Watchdog


@pytest.fixture
def limits(tmp_path: Path) -> Path:
    return tmp_path / "run" / "spark-limits.json"


def working(report: str | None) -> list[QueryState]:
    return [QueryState("silver", report, is_working=True)]


def stall(watchdog: Watchdog, report: str | None) -> float:
    """Let a batch go on until the watchdog ends it; return after how many seconds."""
    for second in range(0, int(2 * LONGEST_S), 50):
        try:
            watchdog.look(working(report), second)
        except StalledStreamError:
            return second
    pytest.fail("never noticed")


def test_a_batch_that_never_ends_is_noticed_by_name(limits: Path) -> None:
    watchdog = Watchdog(limits, now=0)
    watchdog.look([QueryState("events", "1", is_working=False), *working("4")], 10)
    watchdog.look([QueryState("events", "1", is_working=False), *working("4")], 10 + LIMIT_S)
    with pytest.raises(StalledStreamError, match="stream silver has worked on one batch for 901 s"):
        watchdog.look([QueryState("events", "1", is_working=False), *working("4")], 911)


def test_the_first_batch_counts_from_the_start(limits: Path) -> None:
    watchdog = Watchdog(limits, now=1000)
    watchdog.look(working(None), 1000 + LIMIT_S)
    with pytest.raises(StalledStreamError):
        watchdog.look(working(None), 1001 + LIMIT_S)


def test_batches_that_end_and_streams_that_wait_may_go_on_for_ever(limits: Path) -> None:
    watchdog = Watchdog(limits, now=0)
    for number in range(20):
        watchdog.look(working(str(number)), number * LIMIT_S)
    for number in range(20, 40):
        watchdog.look([QueryState("silver", "19", is_working=False)], number * LIMIT_S)


def test_a_batch_that_is_slow_gets_more_time_after_each_restart(limits: Path) -> None:
    waited = [stall(Watchdog(limits, now=0), None) for _ in range(6)]
    assert waited == [950, 1850, 3650, 7250, 7250, 7250]


def test_a_finished_batch_brings_the_usual_limit_back(limits: Path) -> None:
    stall(Watchdog(limits, now=0), None)
    watchdog = Watchdog(limits, now=0)
    watchdog.look(working("5"), 0)
    assert stall(watchdog, "5") == 950
    assert stall(Watchdog(limits, now=0), None) == 1850


@pytest.mark.parametrize("text", ["", "{", "[1]", '{"silver": "x"}'])
def test_a_file_that_cannot_be_read_sets_the_usual_limit(limits: Path, text: str) -> None:
    limits.parent.mkdir()
    limits.write_text(text)
    assert stall(Watchdog(limits, now=0), None) == 950


def test_a_full_disk_does_not_hide_a_stall(tmp_path: Path) -> None:
    (tmp_path / "run").write_text("no folder")
    assert stall(Watchdog(tmp_path / "run" / "spark-limits.json", now=0), None) == 950
