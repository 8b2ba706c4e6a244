"""What the detector makes of trade ids: jumps, reorderings, repeats, connections, restarts, new counts."""

from __future__ import annotations

import logging

import pytest

from pipeline.id_ranges import Runs
from tests.support.gaps import BTC, SETTLED, Watched


def spans(states) -> list[tuple[int, int, str]]:
    return [(state.from_id, state.to_id, state.reason) for state in states]


def test_contiguous_ids_open_nothing():
    watched = Watched()
    watched.seen(*range(100, 200))
    assert watched.settle() == []
    assert set(watched.detector.counts().values()) == {0}


def test_what_was_traded_before_the_first_start_is_no_gap():
    watched = Watched()
    watched.seen(1_081_862_674)
    assert watched.settle() == []


def test_a_jump_opens_a_gap_after_the_settle_time():
    watched = Watched()
    watched.seen(1, 2, 6)
    noticed = watched.clock.now()
    assert watched.settle(1.9) == []
    (state,) = watched.settle(0.1)
    assert (state.gap_id, state.status, state.reason) == ("coinbase:BTC-USD:3", "open", "jump")
    assert (state.from_id, state.to_id, state.filled, state.lost) == (3, 5, 0, 0)
    assert (state.opened_at, state.closed_at, state.note) == (noticed, None, "")


def test_a_reordering_within_the_settle_time_opens_nothing():
    watched = Watched()
    watched.seen(1, 4, 3, 2, 5)
    assert watched.settle() == []


def test_the_age_of_the_oldest_open_gap_is_told():
    watched = Watched()
    watched.seen(1, 3)
    watched.settle()
    watched.clock.sleep(60)
    watched.seen(5)
    watched.settle()
    assert watched.detector.counts()["oldest_gap_s"] == 65
    watched.seen(2)
    watched.detector.acknowledged(BTC, [2])
    watched.settle(0)
    assert watched.detector.counts()["oldest_gap_s"] == 2, "of trade 4"


def test_what_arrives_in_time_splits_what_is_missing():
    watched = Watched()
    watched.seen(1, 10, 5)
    assert spans(watched.settle()) == [(2, 4, "jump"), (6, 9, "jump")]


def test_repeats_are_ignored():
    watched = Watched()
    watched.seen(1, 2, 2, 1, 3, 3, 1, 4)
    assert watched.settle() == []
    assert watched.detector.counts()["id_restarts"] == 0


def test_a_frame_of_many_trades_newest_first():
    watched = Watched()
    watched.detector.seen(BTC, [5, 4, 3])
    watched.detector.seen(BTC, [9, 8, 7, 5])
    assert spans(watched.settle()) == [(6, 6, "jump")]


def test_a_late_trade_counts_as_filled_once_kafka_has_it():
    watched = Watched()
    watched.seen(1, 2, 6)
    watched.settle()
    watched.seen(4)
    assert watched.missing() == [(3, 3), (5, 5)], "it need not be fetched"
    assert watched.settle() == [], "but it is not filled before Kafka has it"
    watched.detector.acknowledged(BTC, [4])
    (state,) = watched.changes()
    assert (state.status, state.filled, state.closed_at) == ("open", 1, None)
    watched.seen(3, 5)
    watched.detector.acknowledged(BTC, [3, 5])
    (state,) = watched.changes()
    assert (state.status, state.filled, state.closed_at) == ("filled", 3, watched.clock.now())
    assert state.note == "arrived late: 3"


def test_fetched_late_and_lost_are_told_apart():
    watched = Watched()
    watched.seen(1, 8)
    watched.settle()
    watched.detector.sending(BTC, [2, 3])
    watched.seen(4)
    assert watched.missing() == [(5, 7)]
    watched.detector.acknowledged(BTC, [2, 3, 4])
    watched.detector.lose(BTC, Runs([(1, 6)]), "gone")
    (state,) = watched.changes()
    assert (state.status, state.filled, state.lost) == ("open", 3, 2)
    watched.detector.lose(BTC, Runs([(7, 7)]), "gone")
    (state,) = watched.changes()
    assert (state.status, state.filled, state.lost) == ("lost", 3, 3)
    assert state.note == "arrived late: 1; fetched by REST: 2; lost: 3, gone"


def test_what_is_under_way_cannot_be_lost():
    watched = Watched()
    watched.seen(1, 4)
    watched.settle()
    watched.detector.sending(BTC, [2])
    watched.seen(3)
    watched.detector.lose(BTC, Runs([(2, 3)]), "gone")
    assert watched.changes() == []


def test_what_was_not_sent_is_wanted_again():
    watched = Watched()
    watched.seen(1, 4)
    watched.settle()
    watched.detector.sending(BTC, [2, 3])
    assert watched.missing() == []
    watched.detector.not_sent(BTC, [2, 3])
    assert watched.missing() == [(2, 3)]


def test_a_reconnect_gives_the_reason_of_the_next_jump_only():
    watched = Watched()
    watched.seen(1, 2)
    watched.detector.connected()
    watched.seen(5, 6, 9)
    assert spans(watched.settle()) == [(3, 4, "reconnect"), (7, 8, "jump")]


@pytest.mark.parametrize("first", [lambda watched: watched.seen(2), lambda watched: watched.detector.heartbeat(BTC, 2)])
def test_a_reconnect_that_missed_nothing_is_no_reason(first):
    watched = Watched()
    watched.seen(1, 2)
    watched.detector.connected()
    first(watched)  # the last match again, or a heartbeat that names it
    watched.seen(4)
    assert spans(watched.settle()) == [(3, 3, "jump")]


def test_only_the_products_of_a_connection_are_reconnected():
    watched = Watched()
    watched.seen(1)
    watched.detector.connected(["ETH-USD"])
    watched.seen(3)
    assert spans(watched.settle()) == [(2, 2, "jump")]


@pytest.mark.parametrize(("reconnected", "reason"), [(False, "jump"), (True, "reconnect")])
def test_a_heartbeat_tells_of_trades_that_never_came(reconnected, reason):
    watched = Watched()
    watched.seen(1, 2)
    if reconnected:
        watched.detector.connected()
    watched.detector.heartbeat(BTC, 4)
    assert spans(watched.settle()) == [(3, 4, reason)]


def test_a_heartbeat_ahead_of_its_trades_opens_nothing():
    watched = Watched()
    watched.detector.heartbeat(BTC, 2)
    watched.detector.heartbeat(BTC, 4)
    watched.seen(3, 4, 5)
    watched.detector.heartbeat(BTC, 4)
    assert watched.settle() == []


def test_silence_between_heartbeats_is_one_gap():
    watched = Watched()
    watched.seen(1)
    for last in (3, 5):
        watched.detector.heartbeat(BTC, last)
    assert spans(watched.settle()) == [(2, 5, "jump")]


def test_an_absurd_jump_is_one_gap():
    watched = Watched()
    watched.seen(1, 10**15)
    assert spans(watched.settle()) == [(2, 10**15 - 1, "jump")]


@pytest.mark.parametrize("trade_id", [0, -5, 2**63])
def test_a_number_that_is_no_id_is_passed_over(trade_id):
    watched = Watched()
    watched.seen(1, trade_id, 2)
    watched.detector.heartbeat(BTC, -1 if trade_id == 0 else trade_id)
    assert watched.settle() == []
    assert watched.detector.counts()["id_restarts"] == 0


def test_ids_that_restart_are_said_and_watched_anew(caplog):
    watched = Watched()
    watched.seen(5_000_000, 5_000_001)
    watched.detector.acknowledged(BTC, [5_000_000, 5_000_001])
    with caplog.at_level(logging.WARNING):
        for trade_id in (1, 2, 4, 5, 6):
            watched.seen(trade_id)
            watched.detector.acknowledged(BTC, [trade_id])
    assert "reset its trade ids: 1 after 5000001" in caplog.text
    assert watched.detector.counts()["id_restarts"] == 1
    assert spans(watched.settle()) == [(3, 3, "jump")]
    assert watched.low() == 6


def test_heartbeats_alone_show_that_ids_restart():
    watched = Watched()
    watched.seen(5_000_000)
    for _ in range(3):
        watched.detector.heartbeat(BTC, 7)
    watched.seen(8, 9)
    assert watched.settle() == []
    assert watched.detector.counts()["id_restarts"] == 1
    assert watched.low() == 7


def test_an_old_frame_is_no_restart():
    watched = Watched()
    watched.seen(5_000_000)
    for stray in (7, 7, 7, 7, 1000, 1001):
        watched.seen(stray)
        if stray >= 1000:
            watched.seen(watched.detector._cursors[BTC].next)
    assert watched.detector.counts()["id_restarts"] == 0
    assert watched.settle() == []


def test_what_was_missing_before_a_new_count_stays_missing():
    watched = Watched()
    watched.seen(5_000_000, 5_000_003, 1, 2, 3)
    assert spans(watched.changes()) == [(5_000_001, 5_000_002, "jump")]


def test_low_water_stops_before_what_is_not_acknowledged():
    watched = Watched()
    watched.seen(1, 2, 3, 4)
    for trade_id, low in ((1, 1), (3, 1), (4, 1), (2, 4), (1, 4)):
        watched.detector.acknowledged(BTC, [trade_id])
        assert watched.low() == low


def test_low_water_passes_a_gap_that_is_open_but_not_one_that_is_not():
    watched = Watched()
    watched.seen(1, 2, 5, 6)
    watched.detector.acknowledged(BTC, [1, 2, 5, 6])
    assert watched.low() == 2
    watched.settle()
    assert watched.low() == 6


def test_at_the_end_all_that_is_missing_becomes_a_gap():
    watched = Watched()
    watched.seen(1, 3)
    watched.detector.settle(at_once=True)
    assert spans(watched.changes()) == [(2, 2, "jump")]


def test_trades_of_a_product_nobody_watches():
    watched = Watched()
    watched.detector.acknowledged("NEW-USD", [1])
    watched.detector.sending("NEW-USD", [1])
    watched.detector.connected(["NEW-USD"])
    watched.detector.seen("NEW-USD", [])
    assert watched.settle(SETTLED) == []
