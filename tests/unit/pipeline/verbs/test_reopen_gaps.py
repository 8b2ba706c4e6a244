"""What the table lacks is handed to the trade producer."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from pipeline.ingest.trades.gaps.gap_store import GapStore
from pipeline.run_files import Choice, Markets
from pipeline.verbs import reopen_gaps
from tests.support.clock import FakeClock
from tests.support.gaps import BTC, Kept
from tests.support.trade_lake import TableInMemory

TEN = datetime(2024, 9, 24, 10)


@pytest.fixture
def table(monkeypatch, tmp_path):
    table = TableInMemory()
    monkeypatch.setattr(reopen_gaps, "Presto", lambda *_values: table)
    monkeypatch.setenv("COINLAKE_HOME", str(tmp_path))
    monkeypatch.setenv("COINLAKE_MARKET", "live")
    monkeypatch.setenv("COINBASE_WS_URL", "ws://127.0.0.1:1")
    table.add_trades([100, 104, 110], TEN)
    table.add_hour(TEN, 8, 110)
    table.add_trades([5, 9], TEN, "OLD-USD")
    table.add_hour(TEN, 3, 9, "OLD-USD")
    return table


@pytest.fixture
def holes(tmp_path):
    def read():
        store = GapStore(tmp_path / "data" / "trades" / "gaps.db", "coinbase")
        try:
            return [(hole.product_id, hole.from_id, hole.to_id, hole.reason) for hole in store.holes()]
        finally:
            store.close()

    return read


def test_holes_without_a_gap_are_handed_over(table, holes, capsys):
    assert reopen_gaps.main([]) == 0
    assert holes() == [(BTC, 101, 103, "not_in_table"), (BTC, 105, 109, "not_in_table")]
    lines = capsys.readouterr().out.splitlines()
    assert lines == [
        "BTC-USD: 8 trades missing: 101..103, 105..109",
        "handed over. The trade producer is not running: it opens gaps for them at its next start.",
    ]


def test_the_lakes_own_choice_of_a_market_counts(table, holes, tmp_path, monkeypatch):
    monkeypatch.delenv("COINBASE_WS_URL")
    monkeypatch.setenv("COINLAKE_MARKET", "auto")  # the set-up was given --market live
    choice = Choice("live", "live", "COINLAKE_MARKET=live")
    Markets(choice, choice).write(tmp_path / "run")
    assert reopen_gaps.main([]) == 0
    assert len(holes()) == 2


def test_a_running_producer_takes_them_over_and_a_second_run_finds_nothing(table, holes, tmp_path, capsys):
    producer = Kept(tmp_path / "data" / "trades" / "gaps.db", FakeClock())
    producer.ledger.detector.seen(BTC, [200])
    producer.ledger.detector.acknowledged(BTC, [200])
    producer.pass_time()
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "trades.json").write_text(json.dumps({}))
    assert reopen_gaps.main([]) == 0
    assert "opens gaps for them now" in capsys.readouterr().out
    producer.pass_time()
    assert [(state.from_id, state.to_id, state.status) for state in producer.told] == [
        (101, 103, "open"),
        (105, 109, "open"),
    ]
    assert reopen_gaps.main([]) == 0
    assert capsys.readouterr().out == "nothing to reopen: the table lacks no trade older than 5 min without a gap\n"
    assert holes() == []
    producer.store.close()


def test_lost_trades_only_when_asked_for(table, holes, capsys):
    table.add_gap(101, 103, 3)
    assert reopen_gaps.main(["--check"]) == 0
    assert capsys.readouterr().out == "BTC-USD: 5 trades missing: 105..109\n"
    assert reopen_gaps.main(["--check", "--lost"]) == 0
    assert capsys.readouterr().out == "BTC-USD: 8 trades missing: 101..103, 105..109\n"
    assert holes() == [], "--check hands nothing over"


def test_holes_of_a_moment_ago_are_left_alone(table, capsys):
    now = datetime.now(UTC).replace(microsecond=0, tzinfo=None) - timedelta(minutes=1)
    table.add_trades([111, 114], now)
    table.add_hour(now.replace(minute=0, second=0), 2, 114)
    assert reopen_gaps.main(["--check"]) == 0
    assert capsys.readouterr().out == "BTC-USD: 8 trades missing: 101..103, 105..109\n"


def test_without_presto_nothing_is_done(table, holes, capsys):
    table.up = False
    assert reopen_gaps.main([]) == 1
    assert "reopen_gaps.sh: " in capsys.readouterr().err
    assert holes() == []


def test_before_the_first_set_up(table, monkeypatch, capsys):
    monkeypatch.delenv("COINBASE_WS_URL")
    monkeypatch.setenv("COINLAKE_MARKET", "auto")
    assert reopen_gaps.main([]) == 1
    assert "has not chosen a market yet" in capsys.readouterr().err
