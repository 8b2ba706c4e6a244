from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from confluent_kafka import KafkaError, KafkaException

from pipeline.errors import ServiceError, TopicMismatchError
from pipeline.events.catalog import TOPICS
from pipeline.events.model import Topic
from pipeline.kafka import topics
from pipeline.kafka.topics import FoundTopic, differences, ensure, with_max_bytes
from pipeline.settings import load_settings

PRICES = Topic("prices", 3, "d", {"retention.ms": "1000", "cleanup.policy": "delete"})
LETTERS = Topic("letters", 1, "d", {})


class Answer:
    """A future that is ready."""

    def __init__(self, value: Any = None, error: int | None = None) -> None:
        self.value, self.error = value, error

    def result(self) -> Any:
        if self.error is not None:
            raise KafkaException(KafkaError(self.error, "told by the broker"))
        return self.value


class Broker:
    """Stands for Kafka's administration: keeps topics in memory, answers in confluent-kafka's shapes."""

    def __init__(self, **kept: FoundTopic) -> None:
        self.kept = kept
        self.refuses: int | None = None

    def list_topics(self, timeout: float) -> Any:
        found = {name: SimpleNamespace(partitions=dict.fromkeys(range(t.partitions))) for name, t in self.kept.items()}
        return SimpleNamespace(topics=found, brokers={1: None})

    def describe_configs(self, resources: list[Any], request_timeout: float) -> Any:
        def entries(name: str) -> Any:
            return {k: SimpleNamespace(name=k, value=v) for k, v in self.kept[name].config.items()}

        return {resource: Answer(entries(resource.name)) for resource in resources}

    def create_topics(self, new: list[Any], operation_timeout: float) -> Any:
        if self.refuses is None:
            for topic in new:
                assert topic.replication_factor == 1
                self.kept[topic.topic] = FoundTopic(topic.num_partitions, topic.config)
        return {topic.topic: Answer(error=self.refuses) for topic in new}

    def incremental_alter_configs(self, resources: list[Any], request_timeout: float) -> Any:
        if self.refuses is None:
            for resource in resources:
                (entry,) = resource.incremental_configs
                there = self.kept[resource.name]
                self.kept[resource.name] = FoundTopic(there.partitions, {**there.config, entry.name: entry.value})
        return {resource: Answer(error=self.refuses) for resource in resources}


def a_broker(**kept: FoundTopic) -> Any:
    return Broker(**kept)


def test_missing_topics_are_created_and_kept_the_second_time() -> None:
    broker = a_broker()
    first = ensure(broker, (PRICES, LETTERS), create=True)
    second = ensure(broker, (PRICES, LETTERS), create=True)
    assert first == (["prices: created with 3 partitions", "letters: created with 1 partition"], [])
    assert second[0] == ["prices: exists, 3 partitions, settings match", "letters: exists, 1 partition, settings match"]
    assert second[1] == []
    assert broker.kept["prices"] == FoundTopic(3, PRICES.config)


def test_every_topic_with_other_settings_is_reported_and_left_alone() -> None:
    other = FoundTopic(1, {"retention.ms": "5", "cleanup.policy": "delete"})
    broker = a_broker(prices=other)
    _, faults = ensure(broker, (PRICES, LETTERS), create=True)
    assert [type(fault) for fault in faults] == [TopicMismatchError]
    assert "1 partition instead of 3; retention.ms is 5 instead of 1000" in str(faults[0])
    assert broker.kept["prices"] is other
    assert "letters" in broker.kept


def test_a_setting_not_stated_may_be_anything() -> None:
    found = FoundTopic(3, {**PRICES.config, "segment.bytes": "17"})
    assert differences(PRICES, found) == []


@pytest.mark.parametrize("config", [{"cleanup.policy": "delete"}, {"cleanup.policy": "delete", "retention.ms": None}])
def test_a_setting_that_kafka_does_not_tell_is_named(config: dict[str, str | None]) -> None:
    lines, faults = ensure(a_broker(prices=FoundTopic(3, config)), (PRICES,), create=True)
    assert faults == []
    assert lines == ["prices: exists, 3 partitions, settings match (Kafka does not report retention.ms)"]


def test_check_creates_nothing_and_tells_what_is_missing() -> None:
    broker = a_broker()
    lines, (fault,) = ensure(broker, (PRICES,), create=False)
    assert lines == []
    assert "topic prices is missing: run pipeline/init/setup_events.sh" in str(fault)
    assert broker.kept == {}


def test_a_topic_made_by_another_set_up_meanwhile_is_fine() -> None:
    broker = a_broker()
    broker.refuses = KafkaError.TOPIC_ALREADY_EXISTS
    assert ensure(broker, (PRICES,), create=True)[1] == []


def test_a_refusal_names_the_topic_and_the_reason() -> None:
    broker = a_broker()
    broker.refuses = KafkaError.POLICY_VIOLATION
    with pytest.raises(ServiceError, match="did not create topic prices: told by the broker"):
        ensure(broker, (PRICES,), create=True)


def test_no_kafka_is_one_clear_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:9")
    monkeypatch.setattr(topics, "ANSWER_S", 0.3)
    assert topics.main(["--check"]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert "Kafka does not list its topics" in said.err
    assert len(said.err.splitlines()) == 1


def test_an_existing_topic_is_brought_to_its_largest_size() -> None:
    wanted = with_max_bytes(PRICES, 3_000_000)
    broker = a_broker(prices=FoundTopic(3, {**PRICES.config, "retention.bytes": "-1"}))
    _, (fault,) = ensure(broker, (wanted,), create=False)
    assert "retention.bytes is -1 instead of 1000000" in str(fault)
    assert ensure(broker, (wanted,), create=True) == (["prices: retention.bytes set to 1000000"], [])
    assert broker.kept["prices"].config == {**PRICES.config, "retention.bytes": "1000000"}
    assert ensure(broker, (wanted,), create=True) == (["prices: exists, 3 partitions, settings match"], [])


def test_the_lakes_own_topics_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    broker = a_broker()
    monkeypatch.setattr(topics, "connect", lambda _settings: broker)
    topics.ensure_ours(load_settings({"COINLAKE_TOPIC_MAX_GB": "3"}), create=True)
    sizes = {topic.name: int(broker.kept[topic.name].config["retention.bytes"] or 0) for topic in TOPICS}
    assert sizes == {topic.name: 3 * 1024**3 // topic.partitions for topic in TOPICS}


def test_a_topic_that_differs_elsewhere_is_not_resized() -> None:
    broker = a_broker(prices=FoundTopic(1, {**PRICES.config, "retention.bytes": "-1"}))
    _, faults = ensure(broker, (with_max_bytes(PRICES, 3_000_000),), create=True)
    assert [type(fault) for fault in faults] == [TopicMismatchError]
    assert broker.kept["prices"].config["retention.bytes"] == "-1"


def test_a_refused_size_names_the_topic_and_the_reason() -> None:
    broker = a_broker(prices=FoundTopic(3, {**PRICES.config, "retention.bytes": "-1"}))
    broker.refuses = KafkaError.POLICY_VIOLATION
    with pytest.raises(ServiceError, match=r"did not set retention\.bytes of topic prices: told by the broker"):
        ensure(broker, (with_max_bytes(PRICES, 3),), create=True)


def test_the_lakes_own_topics_can_be_compared() -> None:
    for topic in TOPICS:
        assert differences(topic, FoundTopic(topic.partitions, topic.config)) == []
