"""Kafka deleted what was not read yet: the job refuses, and once that is accepted continues behind it, on record."""

from __future__ import annotations

from concurrent.futures import Future
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from confluent_kafka import TopicPartition
from pyspark.sql import SparkSession

from pipeline.errors import LostOffsetsError
from pipeline.settings import load_settings
from pipeline.spark.kafka_source import KafkaSource
from pipeline.spark.query_checkpoint import newest_offsets
from pipeline.stream.lost_offsets import ACCEPTED_FILE, LOST_FILE, resolve_lost_offsets
from pipeline.tables.silver import REJECTED_EVENTS

STREAMS = ("trades", "gaps")


class Admin:
    """Stands for Kafka: the oldest offset of each partition of the topic `frames`."""

    def __init__(self, *oldest: int) -> None:
        self.oldest = oldest

    def list_offsets(self, request: dict[TopicPartition, object], request_timeout: float) -> Any:
        answers = {}
        for partition in request:
            answers[partition] = Future[Any]()
            answers[partition].set_result(SimpleNamespace(offset=self.oldest[partition.partition]))
        return answers


def log(folder: Path, name: str, **batches: str) -> None:
    (folder / name).mkdir(parents=True)
    for number, offsets in batches.items():
        (folder / name / number.removeprefix("b")).write_text(f"v1\n{{}}\n{offsets}")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two batches done and one under way, which starts at 10 and 20."""
    log(tmp_path / "trades", "offsets", b8='{"frames":{"0":9,"1":9}}', b9='{"frames":{"0":10,"1":20}}')
    (tmp_path / "trades" / "offsets" / "10").write_text('v1\n{}\n{"frames":{"0":12,"1":20}}')
    log(tmp_path / "trades", "commits", b8="", b9="")
    return tmp_path


def resolve(spark: SparkSession, root: Path, admin: Admin) -> None:
    source = KafkaSource(spark, load_settings({}), {"frames": "t1"})
    resolve_lost_offsets(source, f"file:{root}", STREAMS, admin)  # type: ignore[arg-type]


def accept(root: Path) -> None:
    (root / LOST_FILE).rename(root / ACCEPTED_FILE)
    (root / f".{LOST_FILE}.crc").unlink(missing_ok=True)


def test_nothing_is_said_while_kafka_has_all_that_is_to_be_read(lake: SparkSession, root: Path) -> None:
    resolve(lake, root, Admin(10, 20))
    assert not (root / LOST_FILE).exists()


def test_a_loss_is_refused_until_it_is_accepted_and_then_recorded_once(lake: SparkSession, root: Path) -> None:
    with pytest.raises(LostOffsetsError, match=r"partition 0, offsets 10 to 14 \(5 records\).*skip_lost_offsets"):
        resolve(lake, root, Admin(15, 20))
    accept(root)
    resolve(lake, root, Admin(17, 20))
    assert newest_offsets(lake, f"file:{root}/trades") == {"frames": {"0": 17, "1": 20}}
    assert (root / "trades" / "offsets" / "10").read_text().endswith('{"frames":{"0":17,"1":20}}')
    (row,) = lake.table(REJECTED_EVENTS.full_name).collect()
    assert (row.topic, row.topic_id, row.partition, row.offset, row.payload) == ("frames", "t1", 0, 10, None)
    assert "deleted by Kafka before it was read" in row.reason
    assert "offsets 10 to 16 (7 records)" in row.reason
    resolve(lake, root, Admin(17, 20))
    assert not (root / ACCEPTED_FILE).exists()


def test_a_crash_after_the_record_is_made_good_without_a_second_row(
    lake: SparkSession, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(LostOffsetsError):
        resolve(lake, root, Admin(15, 20))
    accept(root)
    with monkeypatch.context() as patch:
        patch.setattr("pipeline.stream.lost_offsets.skip", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            resolve(lake, root, Admin(15, 20))
    resolve(lake, root, Admin(15, 20))
    assert lake.table(REJECTED_EVENTS.full_name).count() == 1


def test_an_acceptance_covers_no_other_loss(lake: SparkSession, root: Path) -> None:
    with pytest.raises(LostOffsetsError):
        resolve(lake, root, Admin(15, 20))
    accept(root)
    with pytest.raises(LostOffsetsError, match="partition 1, offsets 20 to 29"):
        resolve(lake, root, Admin(15, 30))
