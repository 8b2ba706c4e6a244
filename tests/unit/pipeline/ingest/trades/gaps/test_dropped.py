"""Trades that are lost between the feed and Kafka: they become gaps while the producer runs."""

from __future__ import annotations

import asyncio

import pytest
from confluent_kafka import KafkaError

from pipeline.events.trades import RAW_TRADES
from pipeline.ingest.trades.gaps.gap_detector import GapDetector
from tests.support.clock import FakeClock
from tests.support.gaps import BTC, Kept
from tests.support.trade_lake import match


@pytest.fixture
def kept(tmp_path):
    ledger = Kept(tmp_path / "gaps.db", FakeClock())
    yield ledger
    ledger.store.close()


def tick(kept: Kept, answered_until: float | None = None) -> None:
    """Let a second pass; all records taken before a time are answered for: by now, if it is not given."""
    kept.clock.sleep(1.0)
    kept.ledger.tick(kept.clock.time() if answered_until is None else answered_until)


def missing(detector: GapDetector) -> list[tuple[int, int]]:
    return [run for gap in detector.wanted() for run in gap.runs]


def test_what_is_answered_for_but_not_acknowledged_becomes_a_gap(kept):
    kept.ledger.detector.seen(BTC, range(1, 8))
    kept.ledger.detector.acknowledged(BTC, [1, 2, 5, 7])
    for _ in range(4):
        tick(kept)
    assert missing(kept.ledger.detector) == [(3, 4), (6, 6)]
    assert {state.reason for state in kept.told} == {"dropped"}
    assert kept.store.low_water() == {BTC: 7}, "the mark does not stand still"
    kept.ledger.detector.acknowledged(BTC, [3, 4, 6])
    tick(kept)
    assert {state.status for state in kept.newest().values()} == {"filled"}


def test_what_is_still_under_way_is_no_gap(kept):
    kept.ledger.detector.seen(BTC, range(1, 8))
    for _ in range(100):
        tick(kept, answered_until=0.0)
    assert missing(kept.ledger.detector) == []


def test_a_steady_feed_has_no_gaps(kept):
    for trade_id in range(1, 200):
        kept.ledger.detector.seen(BTC, [trade_id])
        tick(kept, kept.clock.time() - 0.1)
        kept.ledger.detector.acknowledged(BTC, [trade_id])
    assert kept.told == []


def test_ids_that_restart_leave_no_gap_behind(kept):
    kept.ledger.detector.seen(BTC, [5000, 5001])
    kept.ledger.detector.acknowledged(BTC, [5000, 5001])
    tick(kept)
    for trade_id in range(1, 6):
        kept.ledger.detector.seen(BTC, [trade_id])
        kept.ledger.detector.acknowledged(BTC, [trade_id])
    for _ in range(4):
        tick(kept)
    assert missing(kept.ledger.detector) == []


def test_a_fetched_or_late_trade_that_was_dropped_is_wanted_again(kept):
    kept.ledger.detector.seen(BTC, [1, 5])
    kept.ledger.detector.acknowledged(BTC, [1, 5])
    kept.pass_time()
    kept.ledger.detector.sending(BTC, [3])
    kept.ledger.detector.seen(BTC, [2])
    assert missing(kept.ledger.detector) == [(4, 4)]
    for _ in range(4):
        tick(kept)
    assert missing(kept.ledger.detector) == [(2, 4)]


def test_the_trades_of_a_record_that_is_too_large_are_fetched(lake, monkeypatch):
    refuse = lake.kafka.connect

    def connect():
        client = refuse()
        produce = client.produce

        def guarded(topic, value, *values, **named):
            too_large = topic == RAW_TRADES.name and value == match(6).encode()
            lake.kafka.refusal = KafkaError(KafkaError.MSG_SIZE_TOO_LARGE) if too_large else None
            produce(topic, value, *values, **named)

        client.produce = guarded
        return client

    monkeypatch.setattr("pipeline.ingest.trades.service.connector", lambda _config: connect)

    async def play(socket):
        for number in (5, 6, 7):
            await socket.send(match(number))

    async def run():
        async with lake.running(play):
            await lake.until(lambda: lake.ids() == [5, 6, 7])
            await lake.until(lambda: lake.gaps() == {"coinbase:BTC-USD:6": (6, 6, "filled")})

    asyncio.run(run())
    assert {state["reason"] for state in lake.states()} == {"dropped"}
