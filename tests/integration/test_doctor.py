"""The doctor on a real lake: it finds nothing on one that is well, and what is wrong where something is."""

from __future__ import annotations

import json
import os
import signal
from typing import Any

from tests.support.stack import Stack
from tests.support.waiting import wait_until

DOCTOR = "pipeline/scripts/pipeline_doctor.sh"


def results(stack: Stack, *arguments: str) -> tuple[int, dict[str, dict[str, Any]]]:
    """Return the exit code, and each check's result by its id."""
    done = stack.run(DOCTOR, "--json", *arguments, seconds=300)
    return done.returncode, {result["id"]: result for result in json.loads(done.stdout)}


def test_nothing_fails_on_a_lake_that_is_well(stack: Stack) -> None:
    def passed() -> set[str] | None:
        code, found = results(stack)
        print([result for result in found.values() if result["state"] == "FAIL"])
        return {name for name, result in found.items() if result["state"] == "PASS"} if code == 0 else None

    expected = {"service.spark", "hdfs.safe-mode", "hdfs.cluster-id", "stream.checkpoint", "tables.rows"}
    # On a busy machine a check may exceed its time limit.
    assert wait_until(passed, 240, "no check fails") >= expected


def test_an_engine_that_hangs_is_named_and_what_needs_it_skipped(stack: Stack) -> None:
    pid = stack.service_pid("presto")
    assert pid is not None
    os.kill(pid, signal.SIGSTOP)
    try:
        code, found = results(stack, "--only", "tables,hdfs")
    finally:
        os.kill(pid, signal.SIGCONT)
    assert code == 3
    states = {name: result["state"] for name, result in found.items()}
    assert [name for name, state in states.items() if state == "FAIL"] == ["service.presto"]
    assert (states["tables.rows"], states["hdfs.safe-mode"]) == ("SKIP", "PASS")
