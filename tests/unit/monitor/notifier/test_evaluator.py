"""Alarms: raised when something stays wrong, told again, acknowledged, muted, ended; over restarts of the notifier."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from monitor.notifier.alarms.evaluator import Evaluator, duration, open_alarms
from monitor.notifier.alarms.look import Look
from monitor.notifier.outbox import Outbox
from pipeline.settings.notifications import AlarmBounds
from tests.support.notices import AT, Now

Make = Callable[..., Outbox]
BOUNDS = AlarmBounds(10, 3, 3600, 1, 1, 1, 1)
DOWN = Look({"service.presto": "presto does not run"})
WELL = Look()
UNKNOWN = Look(unknown=frozenset({"service.presto"}))


@pytest.fixture
def outbox(make_outbox: Make) -> Outbox:
    return make_outbox()


@pytest.fixture
def evaluator(outbox: Outbox) -> Evaluator:
    return Evaluator(outbox, BOUNDS)


def evaluate(evaluator: Evaluator, now: Now, *looks: Look) -> None:
    for look in looks:
        now.time += 10
        evaluator.evaluate(look)


def told(outbox: Outbox) -> list[dict[str, Any]]:
    """Return what was for sending, the oldest first."""
    rows = outbox.query("newest", 1, 100)
    return [json.loads(row["body"]) for row in reversed(rows) if row["state"] == "pending"]


def kinds(outbox: Outbox) -> list[str]:
    return [body["kind"] for body in told(outbox)]


def test_what_holds_for_three_evaluations_is_an_alarm_and_one_message(
    outbox: Outbox, evaluator: Evaluator, now: Now
) -> None:
    evaluate(evaluator, now, DOWN, DOWN)
    assert told(outbox) == []
    evaluate(evaluator, now, DOWN, DOWN, DOWN)
    (body,) = told(outbox)
    assert (body["kind"], body["subject"], body["title"]) == ("alarm", "service.presto", "ALARM service.presto")
    assert body["text"] == "presto does not run."
    assert body["data"]["since"] == "2025-11-24T16:00:10+00:00"
    assert [(alarm.alarm_id, alarm.evaluations) for alarm in open_alarms(outbox)] == [("service.presto", 5)]


def test_flapping_is_no_alarm(outbox: Outbox, evaluator: Evaluator, now: Now) -> None:
    evaluate(evaluator, now, *[DOWN, DOWN, WELL] * 5)
    assert told(outbox) == []


def test_the_recovery_tells_duration_and_evaluations(outbox: Outbox, evaluator: Evaluator, now: Now) -> None:
    evaluate(evaluator, now, *[DOWN] * 7, WELL, WELL)
    assert kinds(outbox) == ["alarm"]
    evaluate(evaluator, now, WELL, WELL)
    assert kinds(outbox) == ["alarm", "recovery"]
    body = told(outbox)[1]
    assert body["title"] == "RECOVERED service.presto"
    assert body["text"] == "Over after 1 min 30 s: 7 evaluations were bad. It was: presto does not run."
    assert open_alarms(outbox) == []


def test_a_short_good_spell_ends_nothing(outbox: Outbox, evaluator: Evaluator, now: Now) -> None:
    evaluate(evaluator, now, *[DOWN] * 3, WELL, WELL, DOWN, WELL, WELL, DOWN)
    assert kinds(outbox) == ["alarm"]
    assert len(open_alarms(outbox)) == 1


def test_what_cannot_be_known_changes_nothing(outbox: Outbox, evaluator: Evaluator, now: Now) -> None:
    evaluate(evaluator, now, DOWN, DOWN, *[UNKNOWN] * 9, DOWN, *[UNKNOWN] * 9)
    assert kinds(outbox) == ["alarm"]
    evaluate(evaluator, now, WELL, *[UNKNOWN] * 9, WELL, WELL)
    assert kinds(outbox) == ["alarm", "recovery"]


def test_each_outage_has_messages_of_its_own(outbox: Outbox, evaluator: Evaluator, now: Now) -> None:
    evaluate(evaluator, now, *[*[DOWN] * 3, *[WELL] * 3] * 2)
    assert kinds(outbox) == ["alarm", "recovery", "alarm", "recovery"]
    assert len({body["id"] for body in told(outbox)}) == 4
    assert told(outbox)[2]["data"]["since"] == "2025-11-24T16:01:10+00:00"


def test_after_a_restart_an_open_alarm_is_not_raised_again_and_its_end_is_told(
    outbox: Outbox, evaluator: Evaluator, now: Now
) -> None:
    evaluate(evaluator, now, *[DOWN] * 3)
    evaluate(Evaluator(outbox, BOUNDS), now, *[DOWN] * 3, *[WELL] * 3)
    assert kinds(outbox) == ["alarm", "recovery"]
    assert "6 evaluations" in told(outbox)[1]["text"]


def test_an_open_alarm_is_told_again_every_hour(outbox: Outbox, evaluator: Evaluator, now: Now) -> None:
    evaluate(evaluator, now, *[DOWN] * (3 + 2 * 360))
    assert kinds(outbox) == ["alarm"] * 3
    assert told(outbox)[1]["text"] == "presto does not run. Open for 1 h 0 min."


def test_an_acknowledged_alarm_is_not_told_again_until_that_expires(
    outbox: Outbox, evaluator: Evaluator, now: Now
) -> None:
    evaluate(evaluator, now, *[DOWN] * 3)
    with outbox.store.transaction() as connection:
        connection.execute("UPDATE alarms SET acked_until = ?", (round((AT + 2.5 * 3600) * 1000),))
    evaluate(evaluator, now, *[DOWN] * 3 * 360)
    assert kinds(outbox) == ["alarm", "alarm"]
    evaluate(evaluator, now, *[WELL] * 3)
    assert told(outbox)[-1]["kind"] == "recovery"
    assert "2 messages about it were withheld" in told(outbox)[-1]["text"]


def test_an_alarm_that_was_muted_throughout_ends_without_a_word(outbox: Outbox, evaluator: Evaluator, now: Now) -> None:
    with outbox.store.transaction() as connection:
        connection.execute("INSERT INTO mutes VALUES ('service.*', ?)", (round((AT + 60) * 1000),))
    evaluate(evaluator, now, *[DOWN] * 5)
    assert len(open_alarms(outbox)) == 1
    evaluate(evaluator, now, *[WELL] * 9)
    assert open_alarms(outbox) == []
    assert told(outbox) == []


def test_an_alarm_that_outlives_its_mute_is_told(outbox: Outbox, evaluator: Evaluator, now: Now) -> None:
    with outbox.store.transaction() as connection:
        connection.execute("INSERT INTO mutes VALUES ('*', ?)", (round((AT + 600) * 1000),))
    evaluate(evaluator, now, *[DOWN] * (3 + 360), *[WELL] * 3)
    assert kinds(outbox) == ["alarm", "recovery"]


def test_a_service_that_no_longer_belongs_to_the_lake_is_no_alarm(
    outbox: Outbox, evaluator: Evaluator, now: Now
) -> None:
    evaluate(evaluator, now, *[DOWN] * 3, *[Look({"service.kafka": "away"})] * 3)
    assert [(body["kind"], body["subject"]) for body in told(outbox)] == [
        ("alarm", "service.presto"), ("alarm", "service.kafka"), ("recovery", "service.presto"),
    ]  # fmt: skip


def test_an_evaluation_that_cannot_be_written_counts_not_at_all(
    outbox: Outbox, evaluator: Evaluator, now: Now, monkeypatch: pytest.MonkeyPatch
) -> None:
    evaluate(evaluator, now, DOWN, DOWN)

    def full(*_arguments: object) -> bool:
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as patch:
        patch.setattr(outbox, "add", full)
        with pytest.raises(sqlite3.OperationalError):
            evaluate(evaluator, now, DOWN)
    assert open_alarms(outbox) == []
    evaluate(evaluator, now, DOWN)
    assert kinds(outbox) == ["alarm"]


@hypothesis_settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(looks=st.lists(st.sampled_from([DOWN, WELL, UNKNOWN]), max_size=30))
def test_alarms_and_recoveries_alternate(make_outbox: Make, looks: list[Look]) -> None:
    outbox = make_outbox()
    with outbox.store.transaction() as connection:
        connection.execute("DELETE FROM deliveries")
        connection.execute("DELETE FROM alarms")
    evaluator = Evaluator(outbox, AlarmBounds(10, 2, 0, 1, 1, 1, 1))
    now = Now()
    outbox._now = now
    evaluate(evaluator, now, *looks)
    found = kinds(outbox)
    assert found == (["alarm", "recovery"] * len(found))[: len(found)]
    assert bool(open_alarms(outbox)) == (len(found) % 2 == 1)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0, "0 s"), (59, "59 s"), (61, "1 min 1 s"), (3600, "1 h 0 min"), (90_061, "1 d 1 h"), (-5, "0 s")],
)
def test_durations_have_two_units(seconds: int, words: str) -> None:
    assert duration(seconds * 1000) == words
