from __future__ import annotations

import re
import threading
import time
from datetime import date

import pytest

from pipeline.errors import RetryableSourceError, ServiceError
from pipeline.events.raw import DeadLetter
from pipeline.ingest.scheduler.metrics import Metrics
from pipeline.ingest.scheduler.polling import Poller, PollTooSlowError, PollUnderWayError, start_clock
from pipeline.ingest.scheduler.spooled_publisher import SpooledPublisher
from pipeline.ingest.spool import Spool
from tests.support.ingest import FakeKafka, price
from tests.support.scheduler import until

COINS = ("bitcoin", "ethereum")
TODAY = date(2026, 1, 15)


class FakeTicker:
    name = "fake"

    def __init__(self, fault=None):
        self.fault, self.calls = fault, 0
        self.hold, self.entered = threading.Event(), threading.Event()
        self.hold.set()

    def prices(self, coins):
        self.calls += 1
        self.entered.set()
        self.hold.wait(10)
        if self.fault is not None:
            raise self.fault
        return [price("bitcoin", TODAY), DeadLetter("fake:prices/ethereum", "not listed", "null")]


@pytest.fixture
def metrics():
    return Metrics()


def polls(metrics, outcome):
    return metrics.registry.get_sample_value("coinlake_polls_total", {"outcome": outcome})


def test_a_poll_publishes_everything_and_returns_the_events(metrics):
    kafka = FakeKafka()
    events = Poller(FakeTicker(), COINS, kafka, metrics).poll()
    assert events == [price("bitcoin", TODAY)]
    assert len(kafka.items) == 2
    assert polls(metrics, "ok") == 1
    assert metrics.registry.get_sample_value("coinlake_last_successful_poll_timestamp_seconds") > 1.7e9
    assert metrics.registry.get_sample_value("coinlake_poll_duration_seconds_count") == 1


def test_a_tick_in_which_the_market_fails_is_one_line_and_counted(metrics, caplog):
    Poller(FakeTicker(RetryableSourceError("coingecko", "502")), COINS, FakeKafka(), metrics).tick()
    assert polls(metrics, "failed") == 1
    assert polls(metrics, "ok") == 0
    assert [record.getMessage() for record in caplog.records] == ["poll failed: coingecko: 502"]
    assert caplog.records[0].exc_info is None
    labels = {"work": "poll", "kind": "RetryableSourceError"}
    assert metrics.registry.get_sample_value("coinlake_errors_total", labels) == 1
    assert metrics.registry.get_sample_value("coinlake_last_successful_poll_timestamp_seconds") == 0


def test_a_tick_in_which_kafka_is_away_is_counted_and_nothing_of_it_is_lost(metrics, tmp_path, caplog):
    kafka = FakeKafka(takes=0)
    publisher = SpooledPublisher(kafka, Spool(tmp_path), max_bytes=1_000_000)
    poller = Poller(FakeTicker(), COINS, publisher, metrics)
    poller.tick()
    assert (polls(metrics, "spooled"), polls(metrics, "failed"), polls(metrics, "ok")) == (1, 0, 0)
    assert "2 records wait on disk" in caplog.text
    with pytest.raises(ServiceError):
        poller.poll()
    kafka.takes = None
    publisher.drain()
    assert len(kafka.items) == 4
    assert poller.poll() == [price("bitcoin", TODAY)]
    assert len(kafka.items) == 6


def test_a_full_spool_is_a_failure(metrics, tmp_path):
    publisher = SpooledPublisher(FakeKafka(takes=0), Spool(tmp_path), max_bytes=1)
    poller = Poller(FakeTicker(), COINS, publisher, metrics)
    poller.tick()
    poller.tick()
    assert (polls(metrics, "spooled"), polls(metrics, "failed")) == (1, 1)


def test_a_fault_of_ours_does_not_end_the_tick(metrics, caplog):
    Poller(FakeTicker(ZeroDivisionError()), COINS, FakeKafka(), metrics).tick()
    assert polls(metrics, "failed") == 1
    assert "Traceback" in caplog.text


def test_an_overlapping_poll_is_refused_and_counted_and_the_next_one_runs(metrics, caplog):
    ticker = FakeTicker()
    ticker.hold.clear()
    poller = Poller(ticker, COINS, FakeKafka(), metrics)
    first = threading.Thread(target=poller.tick)
    first.start()
    assert ticker.entered.wait(10)
    with pytest.raises(PollUnderWayError):
        poller.poll()
    poller.tick()
    ticker.hold.set()
    first.join(10)
    assert polls(metrics, "skipped") == 2
    assert "tick skipped" in caplog.text
    poller.poll()
    assert (ticker.calls, polls(metrics, "ok")) == (2, 2)


def test_a_poll_that_takes_too_long_says_so_and_runs_on(metrics):
    ticker = FakeTicker(RetryableSourceError("coingecko", "no route"))
    poller = Poller(ticker, COINS, FakeKafka(), metrics)
    poller.tick()
    ticker.hold.clear()
    with pytest.raises(PollTooSlowError, match=r"within 0.05 s; the one before it failed: coingecko: no route"):
        poller.poll_within(0.05)
    with pytest.raises(PollUnderWayError, match="the one before it failed: coingecko: no route"):
        poller.poll()
    ticker.hold.set()
    until(lambda: polls(metrics, "failed") == 2)
    ticker.fault = None
    assert poller.poll_within(10) == [price("bitcoin", TODAY)]


def test_a_market_without_a_price_is_silent_from_its_first_fault(metrics):
    ticker = FakeTicker()
    poller = Poller(ticker, COINS, FakeKafka(), metrics, silence_s=30)
    assert poller.silence() is None
    ticker.fault = RetryableSourceError("coingecko", "no route")
    poller.tick()
    assert re.fullmatch(r"no price since 20\d\d-\S+ \S+Z: coingecko: no route", poller.silence())
    ticker.fault = None
    poller.tick()
    assert poller.silence() is None


def test_a_market_that_had_prices_is_silent_after_a_while(metrics, tmp_path):
    ticker = FakeTicker()
    poller = Poller(ticker, COINS, FakeKafka(), metrics, silence_s=0.05)
    poller.tick()
    ticker.fault = RetryableSourceError("coingecko", "no route")
    poller.tick()
    until(poller.silence)
    kafka_away = SpooledPublisher(FakeKafka(takes=0), Spool(tmp_path), max_bytes=1_000_000)
    poller = Poller(FakeTicker(), COINS, kafka_away, metrics, silence_s=30)
    poller.tick()
    assert poller.silence() is None  # it is Kafka that is away


def test_the_clock_ticks_at_once_and_a_slow_poll_is_skipped_over(metrics):
    ticker = FakeTicker()
    ticker.hold.clear()
    clock = start_clock(Poller(ticker, COINS, FakeKafka(), metrics), every_s=1, drain=lambda: None)
    try:
        assert ticker.entered.wait(0.9)  # not only after the first second
        deadline = time.monotonic() + 10
        while not polls(metrics, "skipped") and time.monotonic() < deadline:
            time.sleep(0.02)
        assert polls(metrics, "skipped") >= 1
        assert ticker.calls == 1
    finally:
        ticker.hold.set()
        clock.shutdown()
    assert polls(metrics, "ok") >= 1
