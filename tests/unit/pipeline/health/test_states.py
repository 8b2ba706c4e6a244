from __future__ import annotations

import time
from types import SimpleNamespace
from typing import Any

import pytest

from pipeline.errors import PrestoUnreachableError, ServiceError
from pipeline.health.table_states import TableState, statement, table_state
from pipeline.health.topic_states import TopicState, stream_is_drained, topic_states
from pipeline.settings import load_settings
from pipeline.tables.bronze import BRONZE_EVENTS
from pipeline.tables.catalog import TABLES
from pipeline.tables.hive import COIN_DATA
from pipeline.tables.silver import COIN_PRICES

SETTINGS = load_settings({"COINLAKE_HOME": "/nowhere"})


class Broker:
    """Stands for Kafka: partition ends and the stream's commits by (topic, partition)."""

    def __init__(self, config: Any, logger: Any) -> None:
        assert config["group.id"] == "coinlake-stream"
        self.ends = {("prices", 0): 10, ("prices", 1): 5, ("letters", 0): 0}
        self.commits = {("prices", 0): 7, ("prices", 1): -1001, ("letters", 0): -1001}

    def list_topics(self, timeout: float) -> Any:
        names = {name for name, _ in self.ends}
        parts = {name: {part: None for topic, part in self.ends if topic == name} for name in names}
        return SimpleNamespace(topics={name: SimpleNamespace(partitions=parts[name]) for name in names})

    def get_watermark_offsets(self, part: Any, timeout: float) -> tuple[int, int]:
        return 0, self.ends[part.topic, part.partition]

    def committed(self, parts: Any, timeout: float) -> Any:
        for part in parts:
            part.offset = self.commits[part.topic, part.partition]
        return parts

    def close(self) -> None:
        pass


def test_lag_counts_what_the_stream_has_not_committed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pipeline.health.topic_states.Consumer", Broker)
    assert topic_states(SETTINGS, ["prices", "letters", "none"], 1) == [
        TopicState("prices", end_offset=15, lag=8),
        TopicState("letters", end_offset=0, lag=0),
        TopicState("none", end_offset=None, lag=None),
    ]
    assert not stream_is_drained(SETTINGS, ["prices", "letters"])
    assert stream_is_drained(SETTINGS, ["letters"])


def test_no_kafka_is_a_service_error() -> None:
    nobody = load_settings({"COINLAKE_HOME": "/nowhere", "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:9"})
    started = time.monotonic()
    with pytest.raises(ServiceError, match=r"Kafka at 127\.0\.0\.1:9 does not answer"):
        topic_states(nobody, ["prices"], 0.3)
    assert time.monotonic() - started < 5


class Presto:
    def __init__(self, answer: Any) -> None:
        self.answer = answer

    def rows(self, _sql: str) -> Any:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def presto(answer: Any) -> Any:
    return Presto(answer)


def test_table_state_tells_the_seconds_since_the_newest_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "time", lambda: 1_700_000_002.54)
    state = table_state(presto([[7, 1_700_000_000_000, 2]]), COIN_PRICES)
    assert state == TableState("iceberg.silver.coin_prices", rows=7, freshness_s=2.5, data_files=2)
    ahead = table_state(presto([[7, 1_700_000_009_000, 2]]), COIN_PRICES)
    assert ahead.freshness_s == 0.0


def test_an_empty_table_has_no_freshness() -> None:
    assert table_state(presto([[0, None, 0]]), COIN_PRICES) == TableState("iceberg.silver.coin_prices", 0, None, 0)


def test_what_presto_cannot_answer_is_unknown() -> None:
    state = table_state(presto(PrestoUnreachableError("u", "down")), COIN_DATA)
    assert state == TableState("hive.crypto.coin_data", None, None, None)


def test_each_kind_of_table_is_asked_its_own_way() -> None:
    iceberg, hive = statement(BRONZE_EVENTS), statement(COIN_DATA)
    assert 'FROM iceberg.bronze."events$files"' in iceberg
    assert "max(kafka_time)" in iceberg
    assert "max(ingested_at)" in statement(COIN_PRICES)
    assert 'count(DISTINCT "$path")' in hive
    assert "FROM hive.crypto.coin_data" in hive
    assert all("{" not in statement(table) for table in TABLES)
