"""Whose checkpoint is this: what is confirmed and what is refused."""

from __future__ import annotations

import pytest

from pipeline.errors import CheckpointMismatchError
from pipeline.spark.checkpoint_identity import CheckpointIdentity, confirm
from pipeline.spark.kafka_source import KafkaIdentity

RECORDED = CheckpointIdentity("c1", KafkaIdentity("cluster-a", {"coin_events": "t1"}))


def test_the_same_kafka_is_confirmed() -> None:
    assert confirm(RECORDED, RECORDED.kafka, "hdfs://x") == RECORDED


def test_a_topic_that_is_new_is_added_and_the_id_stays() -> None:
    found = KafkaIdentity("cluster-a", {"coin_events": "t1", "dead_letters": "t2"})
    assert confirm(RECORDED, found, "hdfs://x") == CheckpointIdentity("c1", found)


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (
            KafkaIdentity("cluster-b", {"coin_events": "t1"}),
            r"made for Kafka cluster cluster-a.*cluster-b",
        ),
        (KafkaIdentity("cluster-a", {"coin_events": "t9"}), r"made for topic coin_events with id t1.*t9"),
    ],
)
def test_another_kafka_is_refused_with_both_names(found: KafkaIdentity, said: str) -> None:
    with pytest.raises(CheckpointMismatchError, match=said):
        confirm(RECORDED, found, "hdfs://x")


def test_the_file_holds_everything() -> None:
    assert CheckpointIdentity.from_json(RECORDED.to_json()) == RECORDED
