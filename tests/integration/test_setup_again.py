"""The set-up on a live lake, and the way down and up again: nothing is lost, nothing is doubled."""

from __future__ import annotations

import time
from pathlib import Path

import psutil

from tests.integration.conftest import DOWN, SETUP
from tests.support.stack import Stack
from tests.support.waiting import wait_until

SILVER, PUBLISHED, REJECTED = "iceberg.silver.coin_prices", "hive.crypto.coin_data", "iceberg.silver.rejected_events"
LASTING = "source <> 'simulator'"  # the simulator's ticks never stop


def settled_counts(stack: Stack) -> tuple[int, int]:
    """Count what does not grow by itself, once the published table has caught up with silver."""
    wait_until(lambda: stack.count(PUBLISHED, LASTING) == stack.count(SILVER, LASTING), 60, "all rows are published")
    return stack.count(SILVER, LASTING), stack.count(REJECTED)


def test_second_set_up_takes_seconds_and_changes_nothing(stack: Stack, history_file: Path) -> None:
    before, pids = settled_counts(stack), service_pids(stack)
    started = time.monotonic()
    stack.script(SETUP, "--native", "--market", "simulator", "--history", str(history_file))
    seconds = time.monotonic() - started
    assert settled_counts(stack) == before
    assert service_pids(stack) == pids
    assert seconds < 60  # bench/setup measures it; here only "does not restart anything"


def test_down_leaves_no_process_and_up_finds_every_row(stack: Stack) -> None:
    before, ours = settled_counts(stack), set(service_pids(stack).values())
    stack.script(DOWN)
    assert [pid for pid in ours if pid is not None and psutil.pid_exists(pid)] == []
    assert stack.run(DOWN).returncode == 0  # harmless when nothing runs
    stack.script(SETUP, "--native", "--market", "simulator", seconds=300)
    assert settled_counts(stack) == before


def service_pids(stack: Stack) -> dict[str, int | None]:
    return {service["name"]: service["pid"] for service in stack.status()["services"]}
