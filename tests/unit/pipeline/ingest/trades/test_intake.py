from __future__ import annotations

import json

import pytest

from pipeline.errors import ServiceError
from pipeline.ingest.trades.intake import Intake


class Ledger:
    def __init__(self):
        self.told = []

    def seen(self, product, trade_ids):
        self.told.append((product, tuple(trade_ids)))

    def heartbeat(self, product, last_trade_id):
        self.told.append((product, last_trade_id))


class Sink:
    def __init__(self):
        self.records, self.away = [], False

    def send(self, value, key, headers, trades=()):
        self.records.append((value, key, dict(headers), trades))

    def offer(self, value, key, headers, trades=()):
        if self.away:
            raise ServiceError("away")
        self.send(value, key, headers, trades)


@pytest.fixture
def ledger():
    return Ledger()


@pytest.fixture
def sink():
    return Sink()


@pytest.fixture
def intake(ledger, sink):
    return Intake("simulator", ledger, sink)


MATCH = b'{"type":"match", "trade_id":5,"product_id":"BTC-USD","price":"3.844E-5"}'


def test_a_trade_goes_on_unchanged(intake, ledger, sink):
    intake.take(MATCH, 1_700_000_000_000_001)
    headers = {"source": b"simulator", "channel": b"matches", "received_us": b"1700000000000001"}
    assert sink.records == [(MATCH, b"BTC-USD", headers, (("BTC-USD", (5,)),))]
    assert ledger.told == [("BTC-USD", (5,))]


def test_each_frame_has_its_own_time(intake, sink):
    intake.take(MATCH, 1)
    intake.take(MATCH, 2)
    assert [headers["received_us"] for _, _, headers, _ in sink.records] == [b"1", b"2"]


def test_a_heartbeat_is_kept_and_told(intake, ledger, sink):
    intake.take(b'{"type":"heartbeat","last_trade_id":9,"product_id":"ETH-USD"}', 1)
    assert ledger.told == [("ETH-USD", 9)]
    assert sink.records[0][1:3] == (
        b"ETH-USD",
        {"source": b"simulator", "channel": b"heartbeat", "received_us": b"1"},
    )


def test_an_error_is_kept_each_time_and_logged_once(intake, sink, caplog):
    frame = json.dumps({"type": "error", "message": "Failed to subscribe", "reason": "no product"}).encode()
    for at in range(3):
        intake.take(frame, at)
    assert len(sink.records) == 3
    assert caplog.text.count("Failed to subscribe: no product") == 1
    assert intake.figures()["errors"] == 3


def test_what_cannot_be_read_is_kept(intake, ledger, sink, caplog):
    for frame in (b"{half", b"\xff", b'{"type":"match","product_id":"BTC-USD"}'):
        intake.take(frame, 1)
    assert [(value, key) for value, key, _, _ in sink.records] == [
        (b"{half", None),
        (b"\xff", None),
        (b'{"type":"match","product_id":"BTC-USD"}', b"BTC-USD"),
    ]
    assert ledger.told == []
    assert intake.figures() == {"frames": 3, "trades": 0, "unreadable": 3, "errors": 0, "oversize": 0}
    assert caplog.text.count("cannot be read") == 1


def test_an_oversize_frame_becomes_a_gap(intake, ledger, sink):
    intake.take(MATCH[:-1] + b',"x":"' + b"x" * 1_000_000 + b'"}', 1)
    assert (ledger.told, sink.records) == ([], [])
    assert intake.figures()["oversize"] == 1


def test_a_fetched_page_is_not_told_again(intake, ledger, sink):
    page = b'{"type":"rest_trades","product_id":"BTC-USD","trades":[{"trade_id":4}]}'
    intake.take_page("BTC-USD", page, 7)
    headers = {"source": b"simulator", "channel": b"rest", "received_us": b"7"}
    assert sink.records == [(page, b"BTC-USD", headers, (("BTC-USD", (4,)),))]
    assert ledger.told == []


def test_a_fetched_page_waits_for_kafka(intake, sink):
    sink.away = True
    with pytest.raises(ServiceError):
        intake.take_page("BTC-USD", b"{}", 7)
