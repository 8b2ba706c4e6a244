"""silver.bitcoin_data as its readers see it, whatever arrives twice, late, corrected or again after a crash."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pyspark.sql import DataFrame, SparkSession
from pyspark.sql import functions as F

from pipeline.events.candles import CandleEvent
from pipeline.spark.query_checkpoint import QueryCheckpoint
from pipeline.stream.silver.bitcoin_data_parsing import to_candles
from pipeline.stream.streams.candles import CandleWriter
from pipeline.tables.silver import BITCOIN_DATA, REJECTED_EVENTS
from tests.support.candles import RECORD_SCHEMA, TOPIC_ID, records
from tests.support.examples import examples

START = datetime(2026, 1, 31, 23, 0)
CHECKPOINTS = (f"c{number}" for number in count())
TOPIC_IDS = (f"t{number}" for number in count())

Arrival = tuple[int, int]
"""A minute after START, and what it closes at."""


def payload(minute: int, close: int, source: str = "csv_kaggle") -> bytes:
    time, price = (START + timedelta(minutes=minute)).replace(tzinfo=UTC), Decimal(close)
    return CandleEvent(source, "BTC-USD", time, price, price, price, price, Decimal(1), False).to_json()


class Topic:
    """A topic's records, read in batches by writers whose checkpoints may get lost."""

    def __init__(self, spark: SparkSession, topic_id: str = TOPIC_ID) -> None:
        self.spark, self.topic_id = spark, topic_id
        self.payloads: list[bytes] = []
        self.ends: list[int] = []
        self.start_again()

    def start_again(self, checkpoint: str | None = None) -> None:
        """Start a new process, on a new checkpoint unless the old one is named."""
        self.checkpoint = checkpoint or next(CHECKPOINTS)
        marked = QueryCheckpoint(self.checkpoint, lambda batch: {self.topic_id: {"0": self.ends[batch]}})
        self.write = CandleWriter(self.spark, marked)

    def arrive(self, *payloads: bytes) -> None:
        """Read these records as the next batch."""
        self.payloads += payloads
        self.ends.append(len(self.payloads))
        self.read(len(self.ends) - 1)

    def read(self, batch: int) -> None:
        start = self.ends[batch - 1] if batch else 0
        self.write(self.rows(start, self.ends[batch]), batch)

    def read_all_again(self, cuts: Sequence[int]) -> None:
        """Read everything from the start, on a new checkpoint, in batches that end at these records."""
        self.ends = [*cuts, len(self.payloads)]
        self.start_again()
        for batch in range(len(self.ends)):
            self.read(batch)

    def rows(self, start: int, end: int) -> DataFrame:
        found = self.spark.createDataFrame(records(self.payloads[start:end], start), RECORD_SCHEMA)
        return to_candles(found.withColumn("topic_id", F.lit(self.topic_id)).coalesce(1))


def held(spark: SparkSession, source: str = "csv_kaggle") -> dict[int, tuple[int, int]]:
    """Return close and offset by minute; no minute may stand there twice."""
    rows = spark.table(BITCOIN_DATA.full_name).where(f"source = '{source}'").collect()
    found = {int((row.minute - START).total_seconds() // 60): (int(row.close), row.offset) for row in rows}
    assert len(found) == len(rows)
    return found


def closes(spark: SparkSession) -> dict[int, int]:
    return {minute: close for minute, (close, _) in held(spark).items()}


def operations(spark: SparkSession) -> list[str]:
    snapshots = spark.table(f"{BITCOIN_DATA.full_name}.snapshots").orderBy("committed_at")
    return [row.operation for row in snapshots.collect()]


def test_what_lies_beyond_the_mark_is_appended(lake: SparkSession) -> None:
    topic = Topic(lake)
    topic.arrive(payload(0, 10), payload(1, 11), payload(90, 12))
    topic.arrive(payload(91, 13))
    assert held(lake) == {0: (10, 0), 1: (11, 1), 90: (12, 2), 91: (13, 3)}
    assert operations(lake) == ["append", "append"]


def test_the_later_arrival_wins_and_other_months_stay(lake: SparkSession) -> None:
    topic = Topic(lake)
    topic.arrive(*(payload(minute, 10) for minute in (-50_000, 0, 1, 70)))
    topic.arrive(payload(1, 20), payload(2, 21))
    assert held(lake) == {-50_000: (10, 0), 0: (10, 1), 1: (20, 4), 2: (21, 5), 70: (10, 3)}
    assert operations(lake) == ["append", "overwrite"]


def test_an_equal_candle_is_a_repeat(lake: SparkSession) -> None:
    topic = Topic(lake)
    topic.arrive(payload(0, 10), payload(1, 10), payload(1, 10))
    topic.arrive(payload(0, 10), payload(1, 10))
    assert held(lake) == {0: (10, 0), 1: (10, 1)}
    assert operations(lake) == ["append"]


def test_a_late_minute_is_appended_beside_the_others(lake: SparkSession) -> None:
    topic = Topic(lake)
    topic.arrive(payload(5, 10))
    topic.arrive(payload(3, 11), payload(5, 10))
    assert held(lake) == {3: (11, 1), 5: (10, 0)}
    assert operations(lake) == ["append", "append"]


def test_sources_do_not_touch_each_other(lake: SparkSession) -> None:
    topic = Topic(lake)
    topic.arrive(payload(0, 10), payload(0, 20, "simulator"))
    topic.arrive(payload(0, 30))
    assert (held(lake), held(lake, "simulator")) == ({0: (30, 2)}, {0: (20, 1)})


def test_rejects_go_beside_the_others_and_a_clean_batch_has_none(lake: SparkSession) -> None:
    topic = Topic(lake)
    topic.arrive(payload(0, 10))
    assert lake.table(f"{REJECTED_EVENTS.full_name}.snapshots").count() == 0
    topic.arrive(b"no candle", payload(1, 11))
    (row,) = lake.table(REJECTED_EVENTS.full_name).collect()
    assert (row.reason, row.payload, row.offset) == ("payload is not a JSON object", "no candle", 1)
    assert closes(lake) == {0: 10, 1: 11}


@pytest.mark.parametrize("second", [payload(0, 11), payload(5, 11)], ids=["overwrite", "append"])
def test_a_crash_after_either_commit_is_made_good(
    lake: SparkSession, monkeypatch: pytest.MonkeyPatch, second: bytes
) -> None:
    topic = Topic(lake)
    topic.arrive(payload(0, 10))
    for point in ("candles.bitcoin_data", "candles.rejected_events"):
        topic.payloads += [second, b"broken"]
        topic.ends.append(len(topic.payloads))
        with monkeypatch.context() as patch:
            patch.setattr("pipeline.spark.appending.reach", lambda name, point=point: name == point and 1 / 0)
            with pytest.raises(ZeroDivisionError):
                topic.read(len(topic.ends) - 1)
        topic.start_again(topic.checkpoint)
        topic.read(len(topic.ends) - 1)
    assert closes(lake) == ({0: 11} if second == payload(0, 11) else {0: 10, 5: 11})
    offsets = [row.offset for row in lake.table(REJECTED_EVENTS.full_name).orderBy("offset").collect()]
    assert offsets == [2, 4]


def test_a_batch_that_runs_again_cannot_undo_a_later_one(lake: SparkSession) -> None:
    topic = Topic(lake)
    topic.arrive(payload(0, 10))
    topic.arrive(payload(0, 20))
    topic.start_again(topic.checkpoint)
    topic.read(0)
    topic.read(1)
    assert held(lake) == {0: (20, 1)}


def test_a_lost_checkpoint_undoes_nothing_even_on_the_way(lake: SparkSession) -> None:
    topic = Topic(lake)
    topic.arrive(payload(0, 10), payload(1, 10))
    topic.arrive(payload(0, 20))
    before = operations(lake)
    topic.read_all_again([1, 2])
    assert held(lake) == {0: (20, 2), 1: (10, 1)}
    assert operations(lake) == before
    topic.arrive(payload(0, 30))
    assert closes(lake) == {0: 30, 1: 10}


def as_sent(arrivals: Sequence[Arrival]) -> dict[int, tuple[int, int]]:
    """Say what has to be in the table, one record after the other."""
    expected: dict[int, tuple[int, int]] = {}
    for offset, (minute, close) in enumerate(arrivals):
        if minute not in expected or expected[minute][0] != close:
            expected[minute] = close, offset
    return expected


@settings(max_examples=examples(3, long=12), deadline=None, suppress_health_check=list(HealthCheck))
@given(
    batches=st.lists(
        st.lists(st.tuples(st.sampled_from([0, 1, 70, 71]), st.integers(1, 3)), min_size=1, max_size=5),
        min_size=1,
        max_size=4,
    ),
    restart_after=st.sets(st.integers(0, 3)),
)
def test_the_last_change_stands_wherever_batches_are_cut(
    lake: SparkSession, batches: list[list[Arrival]], restart_after: set[int]
) -> None:
    lake.sql(f"DELETE FROM {BITCOIN_DATA.full_name}")
    topic = Topic(lake, next(TOPIC_IDS))
    for number, arrivals in enumerate(batches):
        topic.arrive(*(payload(*arrival) for arrival in arrivals))
        if number in restart_after:
            topic.start_again(topic.checkpoint)
            topic.read(number)
    sent = as_sent([arrival for arrivals in batches for arrival in arrivals])
    assert held(lake) == sent
