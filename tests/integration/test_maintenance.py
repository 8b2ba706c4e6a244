"""Maintenance on request beside a busy stream: few files afterwards, and a reader sees nothing of it."""

from __future__ import annotations

from pipeline.simulated_exchange import SimulatedExchange
from tests.support.stack import Stack
from tests.support.table_reader import TableReader
from tests.support.trading import IDLE_RATE, TRADES, Session
from tests.support.waiting import wait_until

MAINTAIN = "pipeline/scripts/maintain.sh"
TRADES_PER_S = 50
NEW_FILES = 5
FILES = 'SELECT count(*) FROM silver."fact_crypto_trades$files"'


def files(stack: Stack) -> int:
    return int(stack.presto(FILES)[0][0])


def test_readers_see_nothing_of_maintenance_while_trades_arrive(stack: Stack) -> None:
    session = Session(stack, SimulatedExchange.of(stack.settings))
    session.exchange.set_rate(TRADES_PER_S)
    try:
        with TableReader(session) as reader:
            before = files(stack)
            wait_until(lambda: files(stack) >= before + NEW_FILES, 180, f"{NEW_FILES} more files")
            assert f"files compacted away in iceberg.{TRADES}" in stack.script(MAINTAIN, seconds=300)
        assert reader.faults == []
        assert reader.answers > 1
    finally:
        session.exchange.set_rate(0)
        session.wait_until_complete(120)
        session.exchange.set_rate(IDLE_RATE)


def test_maintenance_by_hand_says_how_to_call_it(stack: Stack) -> None:
    assert "Usage:" in stack.script(MAINTAIN, "--help")
    assert stack.run(MAINTAIN, "everything").returncode == 2
