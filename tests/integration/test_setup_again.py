"""The set-up on a live lake, a refusal to run, and the way down and up again: nothing is lost, nothing is doubled."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import requests

from pipeline.engines.supervisor import client
from tests.integration.conftest import DOWN, SETUP
from tests.support.stack import Stack
from tests.support.waiting import wait_until

SILVER, PUBLISHED, REJECTED = "iceberg.silver.coin_prices", "hive.crypto.coin_data", "iceberg.silver.rejected_events"
LASTING = "source <> 'simulator'"  # the simulator's ticks never stop
IDENTITY = "/checkpoints/stream/identity.json"


def settled_counts(stack: Stack) -> tuple[int, int]:
    """Count what does not grow by itself, once the published table has caught up with silver."""
    wait_until(lambda: stack.count(PUBLISHED, LASTING) == stack.count(SILVER, LASTING), 60, "all rows are published")
    return stack.count(SILVER, LASTING), stack.count(REJECTED)


def identity_url(stack: Stack, operation: str) -> str:
    return f"{stack.settings.lake.hdfs_http_url}/webhdfs/v1{IDENTITY}?op={operation}&user.name=coinlake"


def replace_identity(stack: Stack, text: str) -> None:
    requests.put(identity_url(stack, "CREATE&overwrite=true"), data=text.encode(), timeout=30).raise_for_status()


@pytest.fixture
def foreign_checkpoint(stack: Stack) -> Iterator[None]:
    """Stop the stream, make its checkpoint one of another cluster, and put everything back afterwards.

    Nothing waits until the stream is back: the set-up of the next test does.
    """
    daemon = client(stack.settings)
    own = requests.get(identity_url(stack, "OPEN"), timeout=30).text
    daemon.stop("spark")
    replace_identity(stack, json.dumps({**json.loads(own), "cluster": "another-cluster"}))
    yield
    daemon.stop("spark")
    replace_identity(stack, own)
    daemon.start("spark")


def test_second_set_up_restarts_and_changes_nothing(stack: Stack, history_file: Path) -> None:
    before, pids = settled_counts(stack), service_pids(stack)
    stack.script(SETUP, "--native", "--market", "simulator", "--history", str(history_file))
    assert settled_counts(stack) == before
    assert service_pids(stack) == pids


@pytest.mark.usefixtures("foreign_checkpoint")
def test_foreign_checkpoint_is_refused_with_a_clear_message(stack: Stack) -> None:
    daemon = client(stack.settings)
    daemon.start("spark")
    wait_until(lambda: daemon.states()["spark"].refused, 60, "the stream has refused to run")
    assert "was made for Kafka cluster another-cluster, but Kafka now has " in stack.log("spark")
    time.sleep(5)
    assert daemon.states()["spark"].refused, "a refusal is no reason to start again"


def test_down_leaves_no_process_and_up_finds_every_row(stack: Stack) -> None:
    before, ours = settled_counts(stack), set(service_pids(stack).values())
    stack.script(DOWN)
    assert [pid for pid in ours if pid is not None and psutil.pid_exists(pid)] == []
    assert stack.run(DOWN).returncode == 0  # harmless when nothing runs
    stack.script(SETUP, "--native", "--market", "simulator", seconds=300)
    assert settled_counts(stack) == before


def service_pids(stack: Stack) -> dict[str, int | None]:
    return {service["name"]: service["pid"] for service in stack.status()["services"]}
