"""How checks are run: each within its time, none in the way of the others."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from pipeline.errors import ServiceError
from pipeline.settings import Settings, load_settings
from pipeline.verbs.doctor.checks import Check, Finding, State, examine


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load_settings({"COINLAKE_HOME": str(tmp_path)})


def well(_settings: Settings) -> Finding:
    return Finding(State.PASS, "well")


def hang(_settings: Settings) -> Finding:
    threading.Event().wait(60)
    return Finding(State.PASS, "")


def fault(_settings: Settings) -> Finding:
    raise ServiceError("no answer: start it")


def bug(_settings: Settings) -> Finding:
    raise KeyError("beans")


def test_each_ends_and_the_next_one_is_looked_at(settings: Settings) -> None:
    checks = [
        Check("a", "A", hang, limit_s=0.2),
        Check("b", "B", fault),
        Check("c", "C", bug),
        Check("d", "D", well),
    ]
    assert [(result.id, result.state, result.words) for result in examine(checks, settings)] == [
        ("a", State.FAIL, "no answer within 0.2 s"),
        ("b", State.FAIL, "no answer: start it"),
        ("c", State.FAIL, "the check itself failed: KeyError: 'beans'"),
        ("d", State.PASS, "well"),
    ]


def test_what_needs_a_failed_one_is_skipped_and_so_is_what_needs_that(settings: Settings) -> None:
    checks = [
        Check("a", "A", fault),
        Check("b", "B", well, needs=("a",)),
        Check("c", "C", well, needs=("b",)),
        Check("d", "D", lambda _settings: Finding(State.WARN, "soon")),
        Check("e", "E", well, needs=("d",)),
    ]
    states = {result.id: (result.state, result.words) for result in examine(checks, settings)}
    assert states["b"] == (State.SKIP, "needs a")
    assert states["c"] == (State.SKIP, "needs b")
    assert states["e"] == (State.PASS, "well")


def test_faults_become_lines() -> None:
    assert Finding.of(["one", "two"], "fine") == Finding(State.FAIL, "one\ntwo")
    assert Finding.of([], "fine", State.WARN) == Finding(State.PASS, "fine")
