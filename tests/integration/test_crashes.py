"""`kill -9` of an engine while events flow: it comes back by itself, and every event is there once."""

from __future__ import annotations

import os
import signal
from functools import partial

import psutil
import pytest

from tests.support.prices import Feed, Key
from tests.support.stack import Stack
from tests.support.waiting import wait_until

PRICES = "iceberg.silver.coin_prices"
BEFORE, AFTER = 200, 200  # events that flow before the kill, and again once the engine is back


def kill(stack: Stack, service: str) -> int:
    """Kill a service as a power cut would, its children included; return the old process id."""
    pid = stack.service_pid(service)
    assert pid is not None, f"{service} is not running"
    for process in [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]:
        os.kill(process.pid, signal.SIGKILL)
    return pid


def runs_anew(stack: Stack, service: str, killed: int) -> bool:
    """Tell whether a service runs as another process than the killed one."""
    return stack.service_pid(service) not in {None, killed}


def keys_in_lake(stack: Stack, source: str) -> list[Key]:
    query = f"SELECT coin, CAST(event_time AS varchar), source FROM {PRICES} WHERE source = ?"
    return [(coin, time, name) for coin, time, name in stack.presto(query, [source])]


@pytest.mark.parametrize("service", ["spark", "kafka", "datanode", "namenode", "metastore", "presto"])
def test_killed_service_comes_back_and_no_event_is_lost_or_doubled(stack: Stack, service: str, source: str) -> None:
    with Feed(stack.settings.kafka_bootstrap, source, stack.settings.coins) as feed:
        wait_until(lambda: len(keys_in_lake(stack, source)) >= BEFORE, 60, f"{BEFORE} events in the lake")
        killed = kill(stack, service)
        wait_until(lambda: runs_anew(stack, service, killed), 60, f"{service} runs again")
        seen = len(feed.produced)
        wait_until(lambda: len(feed.produced) >= seen + AFTER, 60, f"{AFTER} more events after the kill")
        expected = feed.stop()
    wait_until(lambda: len(keys_in_lake(stack, source)) >= len(expected), 120, f"all events after {service} died")
    found = keys_in_lake(stack, source)
    assert len(found) == len(expected)
    assert set(found) == expected


def test_killed_simulator_and_scheduler_come_back(stack: Stack) -> None:
    killed = {service: kill(stack, service) for service in ("simulator", "scheduler")}
    for service, pid in killed.items():
        wait_until(partial(runs_anew, stack, service, pid), 60, f"{service} runs again")
    before = stack.count(PRICES, "source = 'simulator'")
    wait_until(lambda: stack.count(PRICES, "source = 'simulator'") > before, 90, "prices flow again")


def test_published_table_catches_up_with_silver(stack: Stack) -> None:
    where = "source LIKE 'test-%'"
    expected = stack.count(PRICES, where)
    stack.wait_for_count(expected, "hive.crypto.coin_data", where, seconds=120)
