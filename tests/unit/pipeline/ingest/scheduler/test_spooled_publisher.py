from __future__ import annotations

import threading
from datetime import date, timedelta

import pytest

from pipeline.errors import ServiceError
from pipeline.events.raw import DeadLetter
from pipeline.ingest.scheduler.producer import Published
from pipeline.ingest.scheduler.spooled_publisher import SpooledError, SpooledPublisher
from pipeline.ingest.spool import Spool
from tests.support.ingest import FakeKafka, price

FIRST = date(2026, 1, 1)
MB = 1_000_000


def prices(*numbers):
    return [price("bitcoin", FIRST + timedelta(days=number)) for number in numbers]


@pytest.fixture
def kafka():
    return FakeKafka()


@pytest.fixture
def make(tmp_path, kafka):
    return lambda max_bytes=MB: SpooledPublisher(kafka, Spool(tmp_path), max_bytes)


def test_with_kafka_there_nothing_stays_on_disk(make, kafka, tmp_path):
    letter = DeadLetter("fake:prices/x", "not listed", "null")
    assert make().publish([*prices(1), letter]) == Published(events=1, dead_letters=1)
    assert kafka.items == [*prices(1), letter]
    assert list(tmp_path.iterdir()) == []


def test_an_outage_loses_nothing_and_keeps_the_order(make, kafka):
    publisher = make()
    publisher.publish(prices(0))
    kafka.takes = 0
    for number in (1, 2, 3):
        with pytest.raises(SpooledError, match="1 records wait on disk"):
            publisher.publish(prices(number))
        publisher.drain()
    kafka.takes = None
    with pytest.raises(SpooledError):  # behind what waits, not before it
        publisher.publish(prices(4))
    publisher.drain()
    publisher.publish(prices(5))
    assert kafka.items == prices(0, 1, 2, 3, 4, 5)


def test_while_kafka_is_away_no_poll_waits_for_it(make, kafka):
    publisher, asked = make(), []
    kafka.publish_records = lambda records: asked.append(records) or FakeKafka(takes=0).publish(records)
    for number in range(3):
        with pytest.raises(SpooledError):
            publisher.publish(prices(number))
    assert len(asked) == 1


def test_what_waits_survives_a_kill(make, kafka):
    kafka.takes = 0
    with pytest.raises(SpooledError):
        make().publish(prices(1, 2))
    kafka.takes = None
    make().publish(prices(3))  # of another process
    assert kafka.items == prices(1, 2, 3)


def test_a_kill_before_kafkas_answer_loses_nothing(make, kafka):
    def killed(_records):
        raise KeyboardInterrupt

    kafka.publish_records = killed
    with pytest.raises(KeyboardInterrupt):
        make().publish(prices(1))
    del kafka.publish_records
    make().drain()
    assert kafka.items == prices(1)


def test_a_batch_that_fails_is_sent_again(make, kafka, monkeypatch):
    monkeypatch.setattr("pipeline.ingest.scheduler.spooled_publisher.BATCH", 2)
    kafka.takes = 0
    publisher = make()
    with pytest.raises(SpooledError):
        publisher.publish(prices(1, 2, 3, 4, 5))
    kafka.takes = 1
    publisher.drain()
    assert kafka.items == prices(1, 2)
    kafka.takes = None
    publisher.drain()
    assert kafka.items == prices(1, 2, 3, 4, 5)


def test_a_full_spool_says_what_is_lost(make, kafka):
    kafka.takes = 0
    publisher = make(max_bytes=1)
    with pytest.raises(SpooledError):
        publisher.publish(prices(1))
    with pytest.raises(ServiceError, match="the spool is full: 1 records are lost"):
        publisher.publish(prices(2))


def test_a_full_disk_does_not_hold_up_the_prices(make, kafka, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.write", full)
    publisher = make()
    publisher.publish(prices(1))
    publisher.publish(prices(2))
    monkeypatch.undo()
    publisher.publish(prices(3))
    assert {item.event_time for item in kafka.items} == {item.event_time for item in prices(1, 2, 3)}


def test_a_publish_during_a_drain_goes_behind_it(make, kafka):
    publisher = make()
    kafka.takes = 0
    with pytest.raises(SpooledError):
        publisher.publish(prices(1))
    kafka.takes = None
    entered, hold, publish = threading.Event(), threading.Event(), kafka.publish

    def slow(items):
        entered.set()
        hold.wait(10)
        return publish(items)

    kafka.publish = slow
    drain = threading.Thread(target=publisher.drain)
    drain.start()
    assert entered.wait(10)
    with pytest.raises(SpooledError):
        publisher.publish(prices(2))
    hold.set()
    drain.join(10)
    assert kafka.items == prices(1, 2)
