"""Trades as readers see them, whatever arrives twice, late, out of order or again after a crash; and their alerts."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pyspark.sql import DataFrame, SparkSession

from pipeline.errors import ServiceError
from pipeline.events.trades import MARKET_ALERTS
from pipeline.settings import load_settings
from pipeline.spark.query_checkpoint import QueryCheckpoint
from pipeline.stream.gold.alerts import OnDelivery
from pipeline.stream.silver.trades.parsing import to_trades
from pipeline.stream.streams.trades import TradeWriter
from pipeline.tables.gold import ALERTS
from pipeline.tables.silver import FACT_TRADES, REJECTED_EVENTS
from tests.support.examples import examples
from tests.support.trades import RECORD_SCHEMA, match, records

SETTINGS = load_settings({"COINBASE_PRODUCTS": "BTC-USD,ETH-USD"})
START = datetime(2026, 8, 25, 12, tzinfo=UTC)
CHECKPOINTS = (f"c{number}" for number in count())


class Topic:
    """Stands for Kafka's producer."""

    def __init__(self) -> None:
        self.values: list[dict[str, object]] = []
        self.is_away = False
        self.refusal: str | None = None

    def produce(self, topic: str, value: bytes, key: bytes, *, on_delivery: OnDelivery) -> None:
        assert (topic, key) == (MARKET_ALERTS.name, b"BTC-USD")
        self.values.append(json.loads(value))
        if not self.is_away:
            on_delivery(self.refusal, value)

    def flush(self, timeout: float) -> int:
        return 1 if self.is_away else 0


class Stream:
    """Feeds batches to a writer, and starts it again as a crash would."""

    def __init__(self, spark: SparkSession, folder: Path) -> None:
        self.spark = spark
        self.checkpoint = next(CHECKPOINTS)
        self.settings = replace(SETTINGS, lake=replace(SETTINGS.lake, hdfs_uri=f"file://{folder / self.checkpoint}"))
        self.topic = Topic()
        self.minutes: list[frozenset[datetime]] = []
        self.number = 0
        self.restart()

    def restart(self) -> None:
        checkpoint = QueryCheckpoint(self.checkpoint)
        self.write = TradeWriter(self.spark, self.settings, checkpoint, self.topic, self._note)

    def _note(self, minutes: frozenset[datetime], trades: int) -> None:
        assert trades > 0
        self.minutes.append(minutes)

    def rows(self, *frames: bytes) -> DataFrame:
        rows = self.spark.createDataFrame(records(frames), RECORD_SCHEMA)
        return to_trades(rows.coalesce(1), SETTINGS.markets.products)

    def send(self, *frames: bytes) -> None:
        self.write(self.rows(*frames), self.number)
        self.number += 1

    def again(self, *frames: bytes) -> None:
        """Restart and run the last batch again."""
        self.restart()
        self.number -= 1
        self.send(*frames)


@pytest.fixture
def stream(lake: SparkSession, tmp_path: Path) -> Stream:
    return Stream(lake, tmp_path)


def frame(number: int, second: float | None = None, product: str = "BTC-USD", price: str = "100") -> bytes:
    time = START + timedelta(seconds=number if second is None else second)
    return match(trade_id=number, product_id=product, price=price, time=time.isoformat().replace("+00:00", "Z"))


def ids(stream: Stream, product: str = "BTC-USD") -> list[int]:
    rows = stream.spark.table(FACT_TRADES.full_name).where(f"product_id = '{product}'").select("trade_id").collect()
    return sorted(row.trade_id for row in rows)


def reasons(stream: Stream) -> list[str]:
    return sorted(row.reason for row in stream.spark.table(REJECTED_EVENTS.full_name).collect())


def alerts(stream: Stream) -> list[tuple[str, str]]:
    return [(row.alert_type, row.alert_id) for row in stream.spark.table(ALERTS.full_name).collect()]


def test_repeats_within_and_across_batches_are_one_row(stream: Stream) -> None:
    stream.send(frame(1), frame(2), frame(1))
    stream.send(frame(2), frame(3), frame(3), frame(2, product="ETH-USD"))
    stream.restart()
    stream.send(frame(3), frame(1), frame(5))
    stream.send(frame(4), frame(5))
    assert (ids(stream), ids(stream, "ETH-USD"), reasons(stream)) == ([1, 2, 3, 4, 5], [2], [])


def test_a_trade_days_late_lands_once(stream: Stream) -> None:
    stream.send(frame(500), frame(501))
    late = frame(7, second=-5 * 86_400)
    stream.send(late)
    stream.send(frame(502), late)
    assert (ids(stream), reasons(stream)) == ([7, 500, 501, 502], [])
    assert stream.minutes[1] == frozenset({datetime(2026, 8, 20, 12)})


def test_ids_that_start_again_do_not_vanish(stream: Stream) -> None:
    stream.send(frame(1), frame(2))
    stream.send(frame(2), frame(1, second=9 * 86_400), frame(3), frame(3, second=99))
    said = ["trade_id 1 was seen before with another time", "trade_id 3 was seen before with another time"]
    assert (ids(stream), reasons(stream)) == ([1, 2, 3], said)
    stream.again(frame(2), frame(1, second=9 * 86_400), frame(3), frame(3, second=99))
    assert (ids(stream), reasons(stream)) == ([1, 2, 3], said)


def test_a_batch_that_runs_again_changes_nothing(stream: Stream) -> None:
    frames = (frame(1), b"half a fra", frame(2))
    stream.send(*frames)
    stream.again(*frames)
    assert (ids(stream), reasons(stream)) == ([1, 2], ["payload is not a JSON object"])
    assert stream.minutes[0] == stream.minutes[1] == frozenset({datetime(2026, 8, 25, 12)})


def test_a_crash_before_the_rejects_is_made_good(stream: Stream, monkeypatch: pytest.MonkeyPatch) -> None:
    frames = (frame(1), b"half a fra", frame(1, second=50))
    with monkeypatch.context() as patch:
        patch.setattr("pipeline.stream.streams.trades.to_rejects", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            stream.send(*frames)
    stream.number += 1
    stream.again(*frames)
    assert ids(stream) == [1]
    assert reasons(stream) == ["payload is not a JSON object", "trade_id 1 was seen before with another time"]


def test_a_batch_without_trades_makes_no_snapshot(stream: Stream) -> None:
    stream.send(match(type="heartbeat"))
    stream.send(b"half a fra")
    assert stream.spark.table(f"{FACT_TRADES.full_name}.snapshots").count() == 0
    assert reasons(stream) == ["payload is not a JSON object"]


CRASH = [frame(1000 + s, price=str(100_000 - 75 * s)) for s in range(41)]  # 3 % in 40 s
AFTER = [frame(1041 + s, price="97000") for s in range(5)]


def test_a_flash_crash_is_one_alert_in_table_and_topic(stream: Stream) -> None:
    for start in range(0, 41, 7):
        stream.send(*CRASH[start : start + 7])
    stream.send(*AFTER)
    (found,) = alerts(stream)
    assert found[0] == "FLASH_CRASH"
    assert [value["alert_id"] for value in stream.topic.values] == [found[1]]
    assert float(str(stream.topic.values[0]["move_pct"])) <= -2


def test_an_alert_that_kafka_did_not_take_is_sent_again(stream: Stream) -> None:
    stream.send(*CRASH[:10])
    stream.topic.is_away = True
    with pytest.raises(ServiceError, match="1 alerts"):
        stream.send(*CRASH[10:])
    stream.topic.is_away, stream.number = False, stream.number + 1
    stream.again(*CRASH[10:])
    stream.restart()
    stream.send(*AFTER)
    assert len(alerts(stream)) == 1
    assert [value["alert_id"] for value in stream.topic.values] == [alerts(stream)[0][1]] * 2
    assert stream.topic.values[0] == stream.topic.values[1]


def test_a_refused_alert_fails_the_batch_and_is_sent_again(stream: Stream) -> None:
    stream.topic.refusal = "TOPIC_AUTHORIZATION_FAILED"
    with pytest.raises(ServiceError, match="1 of 1 alerts: TOPIC_AUTHORIZATION_FAILED"):
        stream.send(*CRASH)
    stream.topic.refusal, stream.number = None, stream.number + 1
    stream.again(*CRASH)
    assert stream.topic.values[0] == stream.topic.values[1]
    assert len(alerts(stream)) == 1


def test_an_outage_caught_up_with_after_a_restart_raises_its_alert(stream: Stream) -> None:
    prices = [frame(2000 + s, price="100" if s < 30 else "90") for s in range(0, 1200, 10)]
    stream.send(*prices[:2])
    stream.restart()
    stream.send(*prices[2:])
    assert [kind for kind, _ in alerts(stream)] == ["FLASH_CRASH"]
    stream.again(*prices[2:])
    late = [frame(number, second=-86_400 + number, price=price) for number, price in ((1, "100"), (9, "90"))]
    stream.send(late[1])
    stream.send(late[0])  # the reference comes after it, and a day after the newest trade
    assert [kind for kind, _ in alerts(stream)] == ["FLASH_CRASH", "FLASH_CRASH"]


def test_the_price_of_a_rejected_trade_raises_nothing(stream: Stream) -> None:
    stream.send(frame(1), frame(2))
    stream.send(frame(3), frame(2, second=2.5, price="50"))
    assert (reasons(stream), alerts(stream)) == (["trade_id 2 was seen before with another time"], [])


def test_a_crash_across_a_restart_is_seen(stream: Stream) -> None:
    stream.send(*CRASH[:20])
    stream.restart()
    stream.send(*CRASH[20:])
    assert [kind for kind, _ in alerts(stream)] == ["FLASH_CRASH"]


@hypothesis_settings(max_examples=examples(3, long=12), deadline=None, suppress_health_check=list(HealthCheck))
@given(
    batches=st.lists(
        st.lists(st.tuples(st.sampled_from(["BTC-USD", "ETH-USD"]), st.integers(60, 70)), max_size=8),
        min_size=1,
        max_size=4,
    ),
    restart_after=st.sets(st.integers(0, 3)),
)
def test_any_order_of_arrival_gives_each_trade_once(
    lake: SparkSession, tmp_path: Path, batches: list[list[tuple[str, int]]], restart_after: set[int]
) -> None:
    for table in (FACT_TRADES, ALERTS, REJECTED_EVENTS):
        lake.sql(f"DELETE FROM {table.full_name}")
    stream = Stream(lake, tmp_path)
    for number, keys in enumerate(batches):
        frames = [frame(trade_id, product=product) for product, trade_id in keys]
        stream.send(*frames)
        if number in restart_after:
            stream.again(*frames)
    for product in SETTINGS.markets.products:
        assert ids(stream, product) == sorted({number for keys in batches for name, number in keys if name == product})
    assert reasons(stream) == []
