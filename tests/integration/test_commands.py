"""The commands that scripts and people rely on: status, watch, the Presto command line."""

from __future__ import annotations

import csv
import io
import json
import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
import pytest

from pipeline.events.catalog import TOPICS
from pipeline.services import SERVICES
from tests.support.prices import price_event, record
from tests.support.processes import INTERRUPTIBLE
from tests.support.stack import Stack
from tests.support.waiting import wait_until

CONTRACT = {
    "services": {"name", "up", "pid", "url", "rss_mb"},
    "topics": {"name", "end_offset", "lag"},
    "tables": {"name", "rows", "freshness_s", "data_files"},
}


BATCH = 200  # records that wait while nobody queries: 15 s of trades and of their feed's other messages
HERE = tuple(name for name in SERVICES if name != "superset")  # the suite's lake has no dashboards


def test_the_set_up_has_made_the_topics_as_stated(stack: Stack) -> None:
    assert stack.script("pipeline/init/setup_events.sh", "--check").count("settings match") == len(TOPICS)


@pytest.fixture(scope="module")
def status(stack: Stack) -> dict[str, Any]:
    """What the status says as JSON once the stream is a batch behind at most; nothing else is printed.

    A busy machine may not count a table in time: that table's rows are unknown, and the next status has them.
    """

    def caught_up() -> dict[str, Any] | None:
        printed = json.loads(stack.run("pipeline/scripts/pipeline_status.sh", "--json").stdout)  # stderr is in it, too
        lags = [topic["lag"] for topic in printed["topics"]]
        counted = all(table["rows"] is not None for table in printed["tables"])
        return printed if counted and all(lag is not None and lag < BATCH for lag in lags) else None

    return wait_until(caught_up, 180, "the stream has caught up")


def test_status_keeps_its_contract(status: dict[str, Any]) -> None:
    assert {part: [e for e in status[part] if not keys <= set(e)] for part, keys in CONTRACT.items()} == {
        part: [] for part in CONTRACT
    }
    assert status["market"] == "simulator"


def test_status_tells_of_every_service(status: dict[str, Any]) -> None:
    services = {service["name"]: service for service in status["services"]}
    assert set(services) == set(HERE)
    for name, service in services.items():
        assert service["up"], name
        assert psutil.pid_exists(service["pid"])
        assert service["rss_mb"] > 5, name


def test_status_counts_topics_and_tables(stack: Stack, status: dict[str, Any]) -> None:
    topics = {topic["name"]: topic for topic in status["topics"]}
    assert {"coin_events", "dead_letters"} <= set(topics)
    assert topics["coin_events"]["end_offset"] > 0
    tables = {table["name"]: table for table in status["tables"]}
    silver = tables["iceberg.silver.coin_prices"]
    assert 0 < silver["rows"] <= stack.count("iceberg.silver.coin_prices")
    assert silver["data_files"] > 0
    assert 0 <= silver["freshness_s"] < 120
    assert {"hive.crypto.coin_data", "iceberg.bronze.events", "iceberg.silver.rejected_events"} <= set(tables)


def test_status_for_people_names_every_service(stack: Stack) -> None:
    printed = stack.script("pipeline/scripts/pipeline_status.sh")
    assert [name for name in HERE if name not in printed] == []
    assert "simulator" in printed


def test_presto_command_line_prints_csv(stack: Stack) -> None:
    statement = "SELECT coin, count(*) FROM silver.coin_prices WHERE source = 'simulator' GROUP BY coin ORDER BY coin"
    arguments = ("--catalog", "iceberg", "--output-format", "CSV", "--execute", statement)
    rows = list(csv.reader(io.StringIO(stack.printed("analysis/scripts/presto.sh", *arguments, seconds=60))))
    assert [coin for coin, _ in rows] == sorted(stack.settings.markets.coins)
    assert all(int(count) > 0 for _, count in rows)


def test_presto_command_line_fails_on_a_wrong_statement(stack: Stack) -> None:
    done = stack.run("analysis/scripts/presto.sh", "--execute", "SELECT nothing FROM nowhere")
    assert done.returncode != 0


def test_watch_shows_one_line_an_event_until_ctrl_c(stack: Stack, tmp_path: Path) -> None:
    event = price_event("test-watch", datetime.now(UTC), coin="solana", price="1234.5")
    shown = tmp_path / "shown"
    with watching(stack, shown, "coin_events") as watch:
        wait_until(lambda: "simulator" in shown.read_text(), 30, "a line of the simulator")
        stack.produce("coin_events", *record(event))
        line = wait_until(lambda: line_with(shown, "test-watch"), 20, "the event's line")
        os.killpg(watch.pid, signal.SIGINT)
        assert watch.wait(10) in {0, 130, -signal.SIGINT}
    assert ("solana" in line, "1,234.50" in line) == (True, True)
    assert "Traceback" not in shown.read_text()


@contextmanager
def watching(stack: Stack, output: Path, *topics: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run the watch in a process group of its own, as a terminal would."""
    with output.open("wb") as file:
        command = [*INTERRUPTIBLE, str(stack.root / "monitor/watch_kafka.sh"), *topics]
        watch = subprocess.Popen(
            command, env=dict(stack.env), stdout=file, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            yield watch
        finally:
            if watch.poll() is None:
                os.killpg(watch.pid, signal.SIGKILL)
                watch.wait()


def line_with(file: Path, word: str) -> str | None:
    """Return the first line of a file that holds the word."""
    return next((line for line in file.read_text().splitlines() if word in line), None)
