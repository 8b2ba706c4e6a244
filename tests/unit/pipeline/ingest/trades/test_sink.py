from __future__ import annotations

import json
import logging

import confluent_kafka
import pytest
from confluent_kafka import KafkaError

from pipeline.errors import ServiceError
from pipeline.events.trades import FrameHeaders
from pipeline.ingest.spool import Spool
from pipeline.ingest.trades import sink as sink_module
from pipeline.ingest.trades.frames import read_frame
from pipeline.ingest.trades.sink import Account, FrameSink, connector
from tests.support.clock import FakeClock
from tests.support.kafka_client import FakeKafka

MB = 10**6


def frame(trade_id, product="BTC-USD", size=0):
    return json.dumps({"type": "match", "trade_id": trade_id, "product_id": product, "x": "x" * size}).encode()


def frames(numbers):
    return [frame(number) for number in numbers]


class Bench:
    """A sink on a Kafka that does as told; `acknowledged` is what the ledger would hear."""

    def __init__(self, folder, kafka, max_bytes=MB, connect=None):
        self.kafka, self.clock, self.folder = kafka, FakeClock(), folder
        self.acknowledged = {}
        self.delivered = []
        account = Account(self.acknowledge, "simulator", self.delivered.append)
        self.sink = FrameSink(connect or kafka.connect, Spool(folder), max_bytes, account, self.clock.time)

    def acknowledge(self, product, trade_ids):
        self.acknowledged.setdefault(product, []).extend(trade_ids)

    def send(self, numbers, source="simulator", **values):
        for number in numbers:
            value = frame(number, **values)
            headers = FrameHeaders(source, "matches", number).to_kafka()
            self.sink.send(value, b"BTC-USD", headers, read_frame(value).trades)

    def poll(self, seconds=1.0, times=1):
        for _ in range(times):
            self.clock.sleep(seconds)
            self.sink.poll()


@pytest.fixture
def kafka():
    return FakeKafka()


@pytest.fixture
def bench(tmp_path, kafka):
    return Bench(tmp_path / "spool", kafka)


def test_records_arrive_whole_and_are_told_when_acknowledged(bench, kafka):
    bench.send([1, 2])
    assert bench.acknowledged == {}
    bench.poll(times=2)
    assert bench.acknowledged == {"BTC-USD": [1, 2]}
    assert kafka.log[1] == (
        "coinbase-raw-trades",
        b"BTC-USD",
        frame(2),
        [("source", b"simulator"), ("channel", b"matches"), ("received_us", b"2")],
    )


def test_gap_states_count_once_acknowledged(bench, kafka):
    kafka.up = False
    bench.sink.send(b"{}", b"gap", [], topic="trade_gaps")
    bench.poll(6, times=2)
    bench.sink.send(b"[]", b"gap", [], topic="trade_gaps")
    assert (bench.sink.spooling, bench.delivered) == (True, [])
    kafka.up = True
    bench.poll(times=3)
    assert bench.delivered == [b"{}", b"[]"]
    assert bench.acknowledged == {}


def test_nothing_is_told_before_kafka_has_answered(bench, kafka):
    kafka.up = False
    bench.send([1])
    bench.poll(times=3)
    assert bench.acknowledged == {}


def test_kafka_away_and_back_loses_nothing_and_keeps_the_order(bench, kafka):
    bench.send(range(10))
    kafka.up = False
    for second in range(1, 21):
        bench.send(range(second * 10, second * 10 + 10))
        bench.poll()
    figures = bench.sink.figures()
    assert figures["spooling"]
    assert figures["spool_bytes"] > 0
    kafka.up = True
    bench.poll(times=3)
    bench.send(range(210, 220))
    bench.poll(times=2)
    assert kafka.values == frames(range(220))
    assert bench.acknowledged == {"BTC-USD": list(range(220))}
    assert not list(bench.folder.iterdir())
    assert not bench.sink.spooling


def test_spooled_frames_of_another_market_arrive_but_close_no_gap_of_this_one(bench, kafka):
    kafka.up = False
    bench.send([0])
    bench.poll(6, times=2)
    bench.send([1, 2], source="coinbase")
    bench.send([3])
    kafka.up = True
    bench.poll(times=4)
    assert kafka.values == frames(range(4))
    assert bench.acknowledged == {"BTC-USD": [0, 3]}


def test_frames_that_come_while_the_spool_drains_go_behind_it(bench, kafka, monkeypatch):
    monkeypatch.setattr(sink_module, "DRAIN", 5)
    kafka.up = False
    bench.send([0])
    bench.poll(6)
    bench.poll(6)
    bench.send(range(1, 20))
    kafka.up = True
    for number in range(20, 30):
        bench.poll()
        bench.send([number])
    bench.poll(times=5)
    assert kafka.values == frames(range(30))


def test_a_full_queue_goes_to_the_spool(tmp_path):
    kafka = FakeKafka(room=5)
    bench = Bench(tmp_path, kafka)
    bench.send(range(12))
    assert bench.sink.spooling
    bench.poll(times=6)
    assert kafka.values == frames(range(12))


def test_a_full_spool_says_so_and_has_room_again(tmp_path, kafka, caplog):
    kafka.up = False
    bench = Bench(tmp_path, kafka, max_bytes=1500)
    bench.send([1])
    bench.poll(6, times=2)
    before = bench.sink.full
    bench.send(range(2, 12), size=100)
    bench.poll()
    assert (before, bench.sink.full) == (False, True)
    bench.poll()
    assert caplog.text.count("the spool is full") == 1
    kafka.up = True
    bench.poll(times=4)
    assert not bench.sink.figures()["spool_full"]
    assert bench.acknowledged == {"BTC-USD": list(range(1, 12))}


def test_what_is_not_delivered_comes_again_and_counts_once(bench, kafka):
    bench.send([1, 2])
    kafka.failure = KafkaError(KafkaError._MSG_TIMED_OUT)
    bench.poll()
    bench.poll()
    assert bench.acknowledged == {}
    kafka.failure = None
    bench.poll(times=4)
    assert kafka.values == frames([1, 2])
    assert kafka.log[0].headers[2] == ("received_us", b"1")
    assert bench.acknowledged == {"BTC-USD": [1, 2]}


def test_a_client_that_lost_its_place_is_made_anew(bench, kafka):
    kafka.up = False
    bench.send([1])
    kafka.refusal = KafkaError(KafkaError._FATAL)
    bench.send([2])
    kafka.up, kafka.refusal = True, None
    bench.poll(times=5)
    assert len(kafka.clients) == 2
    assert sorted(kafka.values) == frames([1, 2])
    assert sorted(bench.acknowledged["BTC-USD"]) == [1, 2]


def test_a_record_that_no_topic_takes_stops_nothing(bench, kafka, caplog):
    kafka.refusal = KafkaError(KafkaError.MSG_SIZE_TOO_LARGE)
    bench.send([1])
    kafka.refusal = None
    bench.send([2])
    bench.poll(times=2)
    assert kafka.values == frames([2])
    assert bench.sink.refused == 1
    assert "larger than topic" in caplog.text


def test_a_clean_stop_waits_for_kafka(bench, kafka):
    bench.send([1, 2])
    bench.sink.close(5.0)
    assert kafka.values == frames([1, 2])
    assert bench.acknowledged == {"BTC-USD": [1, 2]}


def test_a_stop_without_kafka_leaves_everything_to_the_next_start(tmp_path, kafka):
    kafka.up = False
    first = Bench(tmp_path, kafka)
    first.kafka.clients[0].poll = lambda _timeout: first.clock.sleep(0.1)
    first.send([1, 2])
    first.sink.close(0.5)
    assert first.acknowledged == {}
    kafka.up = True
    second = Bench(tmp_path, kafka)
    second.send([3])
    second.poll(times=3)
    assert kafka.values == frames([1, 2, 3])
    assert second.acknowledged == {"BTC-USD": [1, 2, 3]}
    assert list(tmp_path.iterdir()) == []


def test_what_can_be_made_again_is_not_taken_while_kafka_is_away(bench, kafka):
    bench.sink.offer(frame(1), b"BTC-USD", [])
    kafka.up = False
    bench.poll(6, times=2)
    bench.send([2])
    kafka.room = 0
    bench.send([3])
    with pytest.raises(ServiceError, match="away"):
        bench.sink.offer(frame(4), b"BTC-USD", [])


@pytest.fixture
def mock_cluster(monkeypatch):
    real = confluent_kafka.Producer
    extra = {"test.mock.num.brokers": 1, "allow.auto.create.topics": True, "linger.ms": 1}
    monkeypatch.setattr(sink_module, "Producer", lambda config: real(config | extra))
    logging.getLogger("librdkafka").setLevel(logging.CRITICAL)
    yield connector({"bootstrap.servers": "127.0.0.1:1"})
    logging.getLogger("librdkafka").setLevel(logging.NOTSET)


def test_librdkafkas_own_broker_acknowledges(tmp_path, mock_cluster):
    bench = Bench(tmp_path, None, connect=mock_cluster)
    bench.send(range(2000))
    bench.sink.close(10.0)
    assert bench.acknowledged == {"BTC-USD": list(range(2000))}


def test_librdkafka_gives_back_what_it_could_not_send(tmp_path):
    first = Bench(tmp_path, None, connect=connector({"bootstrap.servers": "127.0.0.1:1"}))
    first.send([7])
    first.sink.close(0.0)
    (found,) = Spool(tmp_path).read(10)
    assert found == (
        frame(7),
        b"BTC-USD",
        FrameHeaders("simulator", "matches", 7).to_kafka(),
        "coinbase-raw-trades",
    )
