"""The lag as a consumer group's offsets: one commit at a time, retried after a failure."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException, TopicPartition

from pipeline.kafka import group_offsets
from pipeline.kafka.group_offsets import GroupOffsets

FIVE, SIX = {"t": {"0": 5}}, {"t": {"0": 6}}


class Broker:
    """A consumer whose commits are answered at the next poll, as the real one's are."""

    def __init__(self) -> None:
        self.commits: list[list[tuple[str, int, int]]] = []
        self.refuses: KafkaError | None = None
        self.is_silent = False
        self._waiting: list[TopicPartition] | None = None

    def connect(self, config: dict[str, Any]) -> Broker:
        self._on_commit: Callable[[KafkaError | None, list[TopicPartition]], None] = config["on_commit"]
        return self

    def commit(self, *, offsets: list[TopicPartition], asynchronous: bool) -> None:
        assert asynchronous
        self.commits.append([(one.topic, one.partition, one.offset) for one in offsets])
        self._waiting = offsets

    def poll(self, timeout: float) -> None:
        assert timeout == 0
        if self._waiting is not None and not self.is_silent:
            waiting, self._waiting = self._waiting, None
            self._on_commit(self.refuses, waiting)


@pytest.fixture
def broker() -> Broker:
    return Broker()


@pytest.fixture
def group(broker: Broker, monkeypatch: pytest.MonkeyPatch) -> GroupOffsets:
    monkeypatch.setattr(group_offsets, "Consumer", broker.connect)
    return GroupOffsets({"bootstrap.servers": "nowhere:9"})


def test_only_what_has_moved_is_committed(group: GroupOffsets, broker: Broker) -> None:
    for offsets in (FIVE, FIVE, FIVE, SIX, SIX):
        group.store(offsets)
    assert broker.commits == [[("t", 0, 5)], [("t", 0, 6)]]


def test_one_commit_is_under_way_at_a_time(group: GroupOffsets, broker: Broker) -> None:
    broker.is_silent = True
    for offsets in (FIVE, SIX, SIX):
        group.store(offsets)
    assert broker.commits == [[("t", 0, 5)]]
    broker.is_silent = False
    group.store(SIX)
    assert broker.commits == [[("t", 0, 5)], [("t", 0, 6)]]


def test_a_refused_commit_is_logged_and_sent_again(
    group: GroupOffsets, broker: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    broker.refuses = KafkaError(KafkaError._TIMED_OUT)
    with caplog.at_level(logging.WARNING):
        group.store(FIVE)
        group.store(FIVE)
    assert "lag not published" in caplog.text
    assert broker.commits == [[("t", 0, 5)], [("t", 0, 5)]]


def test_a_commit_that_cannot_be_sent_is_no_end(
    group: GroupOffsets, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(broker, "commit", fail)
        group.store(FIVE)
    group.store(FIVE)
    assert broker.commits == [[("t", 0, 5)]]


def fail(**_: object) -> None:
    raise KafkaException(KafkaError(KafkaError._STATE))
