"""From Kafka into the outbox: nothing is committed before it is there."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from confluent_kafka import KafkaError, KafkaException, TopicPartition

from monitor.notifier import intake as intake_module
from monitor.notifier.intake import Intake
from monitor.notifier.outbox import Outbox
from pipeline.settings import load_settings
from tests.support.notices import AT, Now, alert_record

Make = Callable[..., Outbox]


class Message:
    """A record, or an error, as the client hands it out."""

    def __init__(self, value: bytes | None, error: object = None, place: tuple[int, int] = (0, 5)) -> None:
        self._value, self._error, self._place = value, error, place

    def value(self) -> bytes | None:
        return self._value

    def error(self) -> object:
        return self._error

    def topic(self) -> str:
        return "market_alerts"

    def partition(self) -> int:
        return self._place[0]

    def offset(self) -> int:
        return self._place[1]


class Consumer:
    """A consumer that has these records, and notes commits with how many rows the outbox had then."""

    def __init__(self, outbox: Outbox, *messages: Message) -> None:
        self._outbox, self._messages = outbox, list(messages)
        self.commits: list[int] = []
        self.refuses = False

    def consume(self, _most: int, _timeout: float) -> list[Message]:
        found, self._messages = self._messages, []
        return found

    def commit(self, *, offsets: list[TopicPartition], asynchronous: bool) -> None:
        assert not asynchronous
        self.offsets = {(part.topic, part.partition): part.offset for part in offsets}
        if self.refuses:
            raise KafkaException(KafkaError(KafkaError._TRANSPORT))
        self.commits.append(sum(self._outbox.counts().values()))


@pytest.fixture
def outbox(make_outbox: Make) -> Outbox:
    return make_outbox()


@pytest.fixture
def intake(tmp_path: Path, outbox: Outbox, now: Now) -> Intake:
    settings = load_settings({"COINLAKE_HOME": str(tmp_path)})
    return Intake(settings, outbox, threading.Event(), now)


def test_offsets_are_committed_once_the_rows_are_there(intake: Intake, outbox: Outbox) -> None:
    records = [alert_record(), alert_record(alert_id="b"), alert_record(alert_id="c")]
    places = [(0, 5), (1, 9), (0, 6)]
    consumer = Consumer(outbox, *(Message(record, place=at) for record, at in zip(records, places, strict=True)))
    intake._take(consumer)
    assert consumer.commits == [3]
    assert consumer.offsets == {("market_alerts", 0): 7, ("market_alerts", 1): 10}


def test_an_alert_that_comes_again_is_no_second_row(intake: Intake, outbox: Outbox) -> None:
    for _ in range(2):
        intake._take(Consumer(outbox, Message(alert_record())))
    assert outbox.counts() == {"pending": 1}


def test_nothing_is_committed_while_the_outbox_cannot_be_written(
    intake: Intake, outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_events: object) -> None:
        intake._stop.set()
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(outbox, "put", full)
    consumer = Consumer(outbox, Message(alert_record()))
    intake._take(consumer)
    assert consumer.commits == []


def test_the_same_records_are_put_again_once_there_is_room(
    intake: Intake, outbox: Outbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake_module, "LOOK_AGAIN_S", 0.0)
    put, failures = outbox.put, [1, 2]

    def full_twice(events: object) -> None:
        if failures:
            failures.pop()
            raise sqlite3.OperationalError("database or disk is full")
        put(events)  # type: ignore[arg-type]

    monkeypatch.setattr(outbox, "put", full_twice)
    consumer = Consumer(outbox, Message(alert_record()))
    intake._take(consumer)
    assert consumer.commits == [1]


def test_a_commit_that_fails_is_a_warning(intake: Intake, outbox: Outbox, caplog: pytest.LogCaptureFixture) -> None:
    consumer = Consumer(outbox, Message(alert_record()))
    consumer.refuses = True
    intake._take(consumer)
    assert "offset of market_alerts not committed" in caplog.text
    assert outbox.counts() == {"pending": 1}


def test_what_is_no_alert_is_logged_with_its_place_and_skipped(
    intake: Intake, outbox: Outbox, caplog: pytest.LogCaptureFixture
) -> None:
    consumer = Consumer(outbox, Message(b"nonsense"), Message(None), Message(alert_record()), Message(None, "error"))
    intake._take(consumer)
    assert caplog.text.count("market_alerts/0/5: no alert") == 2
    assert consumer.commits == [1]
    assert intake.totals == {"unreadable": 2, "alerts": 1}


def test_an_alert_older_than_an_hour_is_no_news(intake: Intake, outbox: Outbox) -> None:
    new, old = round((AT - 3600) * 1000), round((AT - 3601) * 1000)
    records = [Message(alert_record(alert_id="new", detected_at=new)), Message(alert_record(detected_at=old))]
    intake._take(Consumer(outbox, *records))
    assert outbox.counts() == {"pending": 1, "stale": 1}
